"""Keeps a list of processes running until it is told to stop."""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog

from trading_pipeline.runtime.supervision.log_files import rotate
from trading_pipeline.runtime.supervision.processes import ProcessSpec, Supervised
from trading_pipeline.runtime.supervision.stages import Say, quiet

log = structlog.get_logger()


class Supervisor:
    """Starts batches of processes, restarts what dies, ends the batches in reverse order."""

    def __init__(self, log_dir: Path, environment: dict[str, str], say: Say = quiet) -> None:
        """Run nothing yet.

        :param say: told what is started and what is waited for.
        """
        log_dir.mkdir(parents=True, exist_ok=True)
        self._say = say
        self._log_dir = log_dir
        self._environment = environment
        self._batches: list[list[Supervised]] = []

    def start(self, specs: Sequence[ProcessSpec]) -> None:
        """Start a batch at once, then wait for each in turn.

        :raises ConfigurationError: one of them does not get ready.
        """
        self._say(f"starting {', '.join(spec.name for spec in specs)}")
        batch: list[Supervised] = []
        self._batches.append(batch)
        for spec in specs:
            process = Supervised(spec, self._environment, self._log_dir)
            process.start()
            # Noted as soon as it runs: should the next one fail to start, this one is ended too.
            batch.append(process)
        for process in batch:
            process.wait_until_ready(self._say)

    def check(self) -> list[str]:
        """Restart what has died; returns the names restarted.

        :raises ConfigurationError: a process refused its settings.
        """
        for process in self._processes:
            rotate(process.log)
        restarted = [process.spec.name for process in self._processes if process.check()]
        for name in restarted:
            log.warning("process restarted", process=name)
        return restarted

    def end_hung(self, name: str, silent_s: float) -> bool:
        """End the process of that name, if it is one of these and lives; returns whether it was ended.

        :param silent_s: wall seconds since its last sign of life.
        """
        hung = [process for process in self._processes if process.spec.name == name and process.end_hung(silent_s)]
        for process in hung:
            log.warning("process hung", process=process.spec.name, silent_s=round(silent_s))
        return bool(hung)

    @property
    def pids(self) -> dict[str, int]:
        """Process ids by name."""
        return {process.spec.name: process.pid for process in self._processes}

    def stop(self) -> None:
        """End every process, the last batch first and the processes of a batch together."""
        while self._batches:
            # Popped first: a second call, after an error in this one, goes on with what is left.
            batch = self._batches.pop()
            for process in batch:
                # All are asked before the first is waited for: a batch ends in the time of its slowest.
                process.ask_to_end()
            for process in batch:
                process.stop()

    @property
    def _processes(self) -> list[Supervised]:
        return [process for batch in self._batches for process in batch]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
