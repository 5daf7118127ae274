"""What a system that starts, runs or ends is doing, a line at a time."""

import time
from collections.abc import Callable

from rich.console import Console

Say = Callable[[str], None]
"""Tells a person one thing."""


class Stages:
    """Lines that begin with the seconds since the first of them, so that every stage shows how long it took."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began: float | None = None

    def __call__(self, text: str) -> None:
        """Say what happens now."""
        now = time.monotonic()
        self._began = now if self._began is None else self._began
        self._console.print(f"{now - self._began:6.1f} s  {text}", highlight=False, markup=False, soft_wrap=True)


class LongWait:
    """Says what is waited for once a wait gets long, and again every so many seconds."""

    def __init__(self, say: Say, what: str, every_s: float = 10.0) -> None:
        self._say = say
        self._what = what
        self._every_s = every_s
        self._began = self._said = time.monotonic()

    def __call__(self) -> None:
        """Ask whether it is time to say something."""
        now = time.monotonic()
        if now - self._said >= self._every_s:
            self._said = now
            self._say(f"still waiting for {self._what}, {now - self._began:.0f} s so far")


def quiet(_: str) -> None:
    """Says nothing."""
