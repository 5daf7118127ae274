"""What a command that looks at something writes: a table for people, or JSON for programs."""

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="for programs")]


def columns(rows: Sequence[Sequence[str]]) -> Iterable[str]:
    """Rows of texts, each column as wide as its widest text."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()


def write(told: object) -> None:
    """Lines as they are, anything else as JSON."""
    # an empty list is an answer for programs, too; people are always told something
    if told and isinstance(told, list) and all(isinstance(line, str) for line in told):
        sys.stdout.write("\n".join(told) + "\n")
    else:
        sys.stdout.write(json.dumps(told, default=_json, indent=1) + "\n")


def _json(value: object) -> str:
    """Money as text, so that no digit is lost."""
    return value.isoformat() if isinstance(value, datetime) else str(value)
