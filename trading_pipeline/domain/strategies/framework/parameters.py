"""Typed parameters of strategies: what a field may be, and how text and mappings become values."""

import math
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from difflib import get_close_matches
from typing import Protocol, Self, TypeVar, get_origin

from trading_pipeline.domain.model.errors import ConfigurationError

Number = TypeVar("Number", int, float, bool)


class Document(Protocol):
    """A value that is read from a mapping and compared by its content."""

    @classmethod
    def of(cls, description: Mapping[str, object]) -> Self:
        """Read it.

        :raises ConfigurationError: a part is missing or of the wrong kind.
        """


DocumentType = TypeVar("DocumentType", bound=Document)


def ranged(default: Number, low: Number, high: Number) -> Number:
    """A parameter field with a default and the closed range its value must lie in."""
    # dataclasses.field is typed as returning the field's own type, so that a class body type-checks.
    made: Number = field(default=default, metadata={"range": (low, high)})
    return made


def chosen(default: str, *options: str) -> str:
    """A parameter field that is one of some words."""
    made: str = field(default=default, metadata={"options": (default, *options)})
    return made


def listed(*default: str) -> tuple[str, ...]:
    """A parameter field of several words, given as a list or separated by commas; ``check`` says which are allowed."""
    made: tuple[str, ...] = field(default=default, metadata={})
    return made


def document(kind: type[DocumentType], folder: str) -> DocumentType | None:
    """A parameter field that is a whole document, or none unless it is given.

    Its content is the value, so that the strategy's version changes with it. Files and command lines
    give a name instead; whoever reads those looks for ``<name>.json`` in ``folder`` of the configuration.
    """
    made: DocumentType | None = field(default=None, metadata={"document": kind, "folder": folder})
    return made


@dataclass(frozen=True, slots=True)
class Parameters:
    """Base of a strategy's typed parameters; fields carry what is allowed in ``metadata``.

    A subclass is a frozen dataclass whose fields are made with ``ranged`` and annotated ``int``,
    ``float`` or ``bool``, with ``chosen`` and ``str``, with ``listed`` and ``tuple[str, ...]``, or with
    ``document``. Whole numbers given for a ``float`` are stored as floats, so that ``2`` and ``2.0`` are
    the same strategy version.
    """

    def __post_init__(self) -> None:
        for spec in fields(self):
            value = _typed(spec, getattr(self, spec.name))
            low, high = spec.metadata.get("range", (None, None))
            # Negated, so that NaN is refused as well.
            if low is not None and not (low <= value and high >= value):
                raise ConfigurationError(f"{spec.name} = {value}: must lie between {low} and {high}")
            # The dataclass is frozen; this is still its construction.
            object.__setattr__(self, spec.name, value)
        self.check()

    @classmethod
    def allowed(cls, name: str) -> str:
        """What a parameter may be, for people."""
        metadata = cls.__dataclass_fields__[name].metadata
        if "range" in metadata:
            return "{} to {}".format(*metadata["range"])
        if "document" in metadata:
            return f"name of a file in {metadata['folder']}/"
        return " or ".join(metadata["options"]) if "options" in metadata else "separated by commas"

    def check(self) -> None:
        """Refuse combinations of parameters that make no sense together; a subclass overrides this.

        :raises ConfigurationError: with the names, the values and the rule.
        """

    @classmethod
    def of(cls, values: dict[str, object]) -> Self:
        """Build from a mapping, refusing names that are not parameters.

        Text is read as the field's type, because command lines and environment carry text.

        :raises ConfigurationError: a name is unknown (the nearest one is given) or a value is out of range.
        """
        known = {spec.name: spec for spec in fields(cls)}
        for name in values:
            if name not in known:
                raise ConfigurationError(f"unknown parameter {name!r}{spelling_hint(name, list(known))}")
        typed = {name: _typed(known[name], value) for name, value in values.items()}
        return cls(**typed)


def spelling_hint(name: str, known: list[str]) -> str:
    """The end of a message about an unknown name: the nearest known one, or all of them."""
    near = get_close_matches(name, known, 1)
    return f"; did you mean {near[0]}?" if near else f"; known: {', '.join(known)}"


def _typed(spec: "Field[object]", value: object) -> object:
    """``value`` as the type of the field, refusing what would lose meaning on the way."""
    wanted = spec.type
    if "document" in spec.metadata:
        return _document(spec, value)
    if wanted is str:
        return _word(spec, value)
    if get_origin(wanted) is tuple:
        return _words(spec, value)
    if wanted is bool:
        # bool("false") is true: text is compared, not converted.
        truth = {"true": True, "false": False}.get(str(value).lower())
        if truth is not None:
            return truth
    # To Python True is 1; as a number it is a mistake.
    elif isinstance(value, int | float | str) and not isinstance(value, bool):
        number = _number(value)
        if wanted is float and math.isfinite(number):
            return float(number)
        if wanted is int and math.isfinite(number) and number == int(number):
            return int(number)
    raise ConfigurationError(f"{spec.name} = {value!r}: must be {getattr(wanted, '__name__', wanted)}")


def _document(spec: "Field[object]", value: object) -> object:
    """The document that a mapping describes."""
    kind: type[Document] = spec.metadata["document"]
    if value is None or isinstance(value, kind):
        return value
    if isinstance(value, Mapping):
        return kind.of(value)
    raise ConfigurationError(f"{spec.name} = {value!r}: must be a mapping, or be given by name where files are read")


def _word(spec: "Field[object]", value: object) -> str:
    """One of the field's options."""
    options = list(spec.metadata["options"])
    if value not in options:
        raise ConfigurationError(f"{spec.name} = {value!r}{spelling_hint(str(value), options)}")
    return str(value)


def _words(spec: "Field[object]", value: object) -> tuple[str, ...]:
    """The words of a list or of text with commas, without the blanks around them."""
    if not isinstance(value, str | list | tuple):
        raise ConfigurationError(f"{spec.name} = {value!r}: must be words separated by commas, or a list of them")
    parts = value.split(",") if isinstance(value, str) else value
    words = tuple(str(part).strip() for part in parts)
    return tuple(word for word in words if word)


def _number(value: int | float | str) -> int | float:
    """The number that ``value`` is or spells, NaN when it spells none."""
    try:
        return float(value)
    except (ValueError, OverflowError):
        return math.nan
