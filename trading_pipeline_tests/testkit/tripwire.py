"""Killing a process between any two calls of its ports."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

Port = TypeVar("Port")


class Killed(BaseException):
    """The process is gone; nothing may catch this."""


class Tripwire:
    """Counts the calls that pass through its proxies and kills before one of them.

    :param before: number of the call, from 0, that is not made any more; ``None`` never kills.
    """

    def __init__(self, before: int | None = None) -> None:
        self.before = before
        self.calls: list[str] = []

    def around(self, port: Port) -> Port:
        """The port, watched."""
        return cast("Port", _Watched(port, self._step))

    def _step(self, name: str) -> None:
        if self.before is not None and len(self.calls) >= self.before:
            raise Killed(f"before call {self.before}: {name}")
        self.calls.append(name)


class _Watched:
    def __init__(self, port: object, step: Callable[[str], None]) -> None:
        self._port = port
        self._step = step

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)

        def call(*args: object, **kwargs: object) -> object:
            self._step(f"{type(self._port).__name__}.{name}")
            return method(*args, **kwargs)

        return call
