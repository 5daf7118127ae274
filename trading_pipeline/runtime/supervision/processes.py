"""One supervised process: started with its own log, watched, restarted with growing pauses, ended."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.runtime.supervision.stages import LongWait, Say, quiet
from trading_pipeline.settings import foreign_variables

# Seconds between two restarts of a process that keeps dying, and of life after which it counts as well again.
_LONGEST_PAUSE_S = 30.0
_HEALTHY_AFTER_S = 30.0
_REFUSED = 2
"""Exit code of our commands for a wrong setting: starting again would not help."""


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """What to run.

    :param ready: returns whether the process can be used; asked after the start until it says yes.
    :param grace_s: seconds between the request to end and the end by force.
    :param ask_to_end: asks for the end where a signal is not the way; returns whether the process agreed.
    """

    name: str
    command: Sequence[str]
    ready: Callable[[], bool] = lambda: True
    ready_timeout_s: float = 120.0
    grace_s: float = 15.0
    ask_to_end: Callable[[], bool] = lambda: False


@dataclass(slots=True)
class Supervised:
    """A running ``ProcessSpec``: log in ``log_dir/<name>.log``, process id in ``log_dir/<name>.pid``."""

    spec: ProcessSpec
    environment: Mapping[str, str]
    log_dir: Path
    restarts: int = 0
    _process: subprocess.Popen[bytes] | None = None
    _started_at: float = 0.0
    _pause_s: float = field(default=0.5)
    _restart_at: float | None = None
    _asked: bool = False

    @property
    def pid(self) -> int:
        """Process id of the current life, 0 while there is none."""
        return self._process.pid if self._process is not None else 0

    @property
    def log(self) -> Path:
        """What the process writes, over all of its lives."""
        return self.log_dir / f"{self.spec.name}.log"

    def start(self) -> None:
        """Start the process in a session of its own, so that Ctrl-C reaches the supervisor alone."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                list(self.spec.command),
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env={**foreign_variables(os.environ), **self.environment},
                # away from the .env of whoever started the system
                cwd=self.log_dir,
                start_new_session=True,
            )
        (self.log_dir / f"{self.spec.name}.pid").write_text(f"{self._process.pid}\n")
        self._started_at = time.monotonic()
        self._asked = False

    def wait_until_ready(self, say: Say = quiet) -> None:
        """Block until the process answers.

        :param say: told what is waited for when it takes long.
        :raises ConfigurationError: it ended or did not answer in time; the message ends its log.
        """
        deadline, waiting = time.monotonic() + self.spec.ready_timeout_s, LongWait(say, self.spec.name)
        while not self.spec.ready():
            if self._process is None or self._process.poll() is not None:
                raise ConfigurationError(f"{self.spec.name} ended while starting: {self._last_words()}")
            if time.monotonic() > deadline:
                raise ConfigurationError(f"{self.spec.name} did not get ready in time: {self._last_words()}")
            waiting()
            time.sleep(0.05)

    def check(self) -> bool:
        """Restart the process when it is gone and its pause is over; returns whether it was restarted.

        :raises ConfigurationError: it refused its settings.
        """
        if self._process is None or self._process.poll() is None:
            return False
        # Starting again would end the same way; whoever set the wrong value has to hear of it.
        if self._process.returncode == _REFUSED:
            raise ConfigurationError(f"{self.spec.name} refused to run: {self._last_words()}")
        now = time.monotonic()
        if self._restart_at is None:
            if now - self._started_at > _HEALTHY_AFTER_S:
                self._pause_s = 0.5
            self._end_group()
            # Not at once: what has just killed it is often still there.
            self._restart_at = now + self._pause_s
            self._pause_s = min(self._pause_s * 2, _LONGEST_PAUSE_S)
            return False
        if now < self._restart_at:
            return False
        self._restart_at = None
        self.restarts += 1
        self.start()
        return True

    def end_hung(self, silent_s: float) -> bool:
        """End a process by force that lives and says nothing any more; ``check`` starts it again.

        :param silent_s: wall seconds since its last sign of life; one of a life before this one proves nothing.
        :returns: whether it was ended.
        """
        if self._process is None or self._process.poll() is not None:
            return False
        if silent_s >= time.monotonic() - self._started_at:
            return False
        self._end_group()
        return True

    def ask_to_end(self) -> None:
        """Ask once, by the way of the process or by SIGTERM, and return at once."""
        if self._process is None or self._asked or self._process.poll() is not None:
            return
        self._asked = True
        if not self.spec.ask_to_end():
            self._process.terminate()

    def stop(self) -> None:
        """Wait for the process to end, end it when it does not, and with it its whole group."""
        if self._process is None:
            return
        self.ask_to_end()
        try:
            self._process.wait(self.spec.grace_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._end_group()
        (self.log_dir / f"{self.spec.name}.pid").unlink(missing_ok=True)
        self._process = None

    def _end_group(self) -> None:
        """A killed parent leaves children that hold its sockets; they share its group."""
        if self._process is None:
            return
        try:
            # The group and not the process, which is gone already.
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return

    def _last_words(self) -> str:
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else f"nothing was written to {self.spec.name}.log"
