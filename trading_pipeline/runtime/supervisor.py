"""Keeps a list of processes running until it is told to stop."""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog

from trading_pipeline.runtime.processes import ProcessSpec, Supervised

log = structlog.get_logger()


class Supervisor:
    """Starts processes in order, restarts what dies, ends them in reverse order."""

    def __init__(self, log_dir: Path, environment: dict[str, str]) -> None:
        log_dir.mkdir(parents=True, exist_ok=True)
        self._log_dir = log_dir
        self._environment = environment
        self._supervised: list[Supervised] = []

    def start(self, specs: Sequence[ProcessSpec]) -> None:
        """Start all, then wait for each in turn.

        :raises ConfigurationError: one of them does not get ready.
        """
        begun = []
        for spec in specs:
            process = Supervised(spec, self._environment, self._log_dir)
            process.start()
            self._supervised.append(process)
            begun.append(process)
        for process in begun:
            process.wait_until_ready()

    def check(self) -> list[str]:
        """Restart what has died; returns the names restarted.

        :raises ConfigurationError: a process refused its settings.
        """
        restarted = [process.spec.name for process in self._supervised if process.check()]
        for name in restarted:
            log.warning("process restarted", process=name)
        return restarted

    @property
    def pids(self) -> dict[str, int]:
        """Process ids by name."""
        return {process.spec.name: process.pid for process in self._supervised}

    def stop(self) -> None:
        """End every process, the last started first."""
        while self._supervised:
            self._supervised.pop().stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
