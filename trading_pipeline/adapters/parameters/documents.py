"""Parameters that are whole documents: given by name, kept as ``<name>.json`` in the configuration folder."""

import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.strategies.framework.base import Strategy
from trading_pipeline.domain.strategies.framework.parameters import Document, spelling_hint


def with_documents(config_dir: Path, kind: type[Strategy], values: Mapping[str, object]) -> dict[str, object]:
    """The values, with every document that is given by name read from its file.

    :raises ConfigurationError: no such file (the nearest is given), or it cannot be used; the message names it.
    """
    found = dict(values)
    for spec in fields(kind().parameters):
        name = values.get(spec.name)
        # A mapping is the document itself, as strategies made in code give it.
        if "document" in spec.metadata and isinstance(name, str):
            found[spec.name] = _read(config_dir / spec.metadata["folder"], name, spec.metadata["document"])
    return found


def _read(folder: Path, name: str, kind: type[Document]) -> Document:
    """One document."""
    known = sorted(path.stem for path in folder.glob("*.json"))
    if name not in known:
        raise ConfigurationError(f"{folder} has no {name}.json{spelling_hint(name, known)}")
    path = folder / f"{name}.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path} cannot be read as JSON: {error}") from error
    if not isinstance(content, dict):
        raise ConfigurationError(f"{path} must hold an object of names and values")
    try:
        return kind.of(content)
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error}") from error
