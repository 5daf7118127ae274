"""Commands in an empty folder and with nothing but the settings that are given."""

from typing import Protocol

from typer.testing import Result


class Command(Protocol):
    """Run a command; what it said, and the refusal as it reaches the entry point."""

    def __call__(self, *arguments: str, **settings: str) -> Result: ...


class Refusal(Protocol):
    """The one line of a command that refuses to run."""

    def __call__(self, *arguments: str, **settings: str) -> str: ...
