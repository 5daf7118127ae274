"""Reading a YAML file into a pydantic model, with errors a person can act on.

An unknown key is refused with the nearest known one: a misspelt limit must not fall back to nothing.
"""

from collections.abc import Hashable
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from trading_pipeline.domain.model.errors import ConfigurationError


class Section(BaseModel):
    """A mapping in a parameter file; keys that are not fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


SectionType = TypeVar("SectionType", bound=Section)


class _UniqueKeys(yaml.CSafeLoader):
    """YAML without its silent rule that the last of two equal keys wins.

    The C parser, because every wave reads these files: it is ten times faster.
    """

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, object]:
        """The mapping, or a YAML error that names the repeated key."""
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"key {key.value!r} appears twice", problem_mark=key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def read(path: Path, model: type[SectionType]) -> SectionType:
    """The content of ``path`` as ``model``.

    :raises ConfigurationError: the file is missing, is not YAML, or breaks a rule of the model; the
        message names file, key, value and rule.
    """
    return validated(path, mapping_in(path), model)


def mapping_in(path: Path) -> dict[str, object]:
    """The content of ``path``, of which nothing but its shape is known.

    :raises ConfigurationError: the file is missing or is no YAML mapping.
    """
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), _UniqueKeys)  # noqa: S506 - a SafeLoader
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read ({error.strerror}); check TRADING_CONFIG_DIR") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise ConfigurationError(f"{path} must contain a mapping of keys to values")
    return content


def validated(blamed: Path | str, content: dict[str, object], model: type[SectionType]) -> SectionType:
    """Content that a file is to blame for, or a sentence about it, as ``model``.

    :raises ConfigurationError: it breaks a rule of the model; the message names file, key, value and rule.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        problems = "; ".join(_sentence(detail, model) for detail in error.errors())
        raise ConfigurationError(f"{blamed}: {problems}") from error


def _sentence(detail: ErrorDetails, model: type[Section]) -> str:
    """One broken rule in words."""
    key = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "extra_forbidden":
        known = _keys_beside(detail["loc"], model)
        near = get_close_matches(str(detail["loc"][-1]), known, 1)
        hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
        return f"unknown key {key!r}; {hint}"
    if detail["type"] == "missing":
        return f"key {key!r} is missing"
    # pydantic would speak of the type that the list becomes
    if detail["type"] == "too_short":
        return f"{key} = {detail['input']!r}: at least {detail['ctx']['min_length']} is needed"
    # pydantic's own words before ours.
    message = detail["msg"].removeprefix("Value error, ")
    return f"{key} = {detail['input']!r}: {message}" if key else message


def _keys_beside(location: tuple[int | str, ...], model: type[Section]) -> list[str]:
    """Known keys of the (nested) section in which the last part of ``location`` was found."""
    section = model
    for part in location[:-1]:
        if isinstance(part, str) and part in section.model_fields:
            section = _section_in(section.model_fields[part].annotation) or section
    return list(section.model_fields)


def _section_in(annotation: object) -> type[Section] | None:
    """The section type of a field, looked for inside lists and tuples too."""
    candidates = [annotation, *getattr(annotation, "__args__", ())]
    return next((kind for kind in candidates if isinstance(kind, type) and issubclass(kind, Section)), None)
