"""The demo in small as its own process, and what it left behind in its database."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil
from sqlalchemy import Engine, text

from trading_pipeline.adapters.stores.postgres.database import connect
from trading_pipeline.runtime.supervision.embedded import EmbeddedPostgres, free_port

START = datetime(2025, 6, 2, tzinfo=UTC)
WAVES = 12
"""Three hours: of seed 20 a long in SOLUSDT opens at the fourth close and is stopped out before the eleventh."""
SYMBOLS = ("BTCUSDT", "SOLUSDT")
TIMEOUT_S = 420.0


@dataclass(frozen=True)
class Demo:
    """One run of the demo.

    :param folder: holds ``state`` and ``reports``.
    """

    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def log_dir(self) -> Path:
        """Logs and process ids."""
        return self.folder / "state" / "log"

    def pid(self, name: str) -> int | None:
        """Process id of one of its processes, ``None`` while there is none."""
        path = self.log_dir / f"{name}.pid"
        return int(path.read_text()) if path.exists() and path.read_text().strip() else None

    def finish(self) -> str:
        """Wait for the end; returns what it printed."""
        self.process.wait(timeout=TIMEOUT_S)
        output = output_of(self.folder).read_text()
        assert self.process.returncode == 0, output[-3000:]
        return output

    def survivors(self) -> list[str]:
        """Command lines of processes that still use the state folder."""
        state, left = str(self.folder / "state"), []
        for process in psutil.process_iter():
            try:
                if state in " ".join(process.cmdline()) or process.environ().get("TRADING_STATE_DIR") == state:
                    left.append(" ".join(process.cmdline()))
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        return left


def environment_of() -> dict[str, str]:
    """Where a command finds the checkout's files from any folder, and has room to print."""
    repository = Path(__file__).resolve().parents[2]
    return {
        **os.environ,
        "TRADING_CONFIG_DIR": str(repository / "config"),
        "TRADING_DBT_PROJECT_DIR": str(repository / "dbt_project"),
        "COLUMNS": "200",
    }


def output_of(folder: Path) -> Path:
    """What the demo prints goes into a file: a pipe that nobody reads would stop it once it is full."""
    return folder / "output.txt"


@contextmanager
def demo(folder: Path) -> Iterator[Demo]:
    """Start the demo; whatever happens, it does not outlive the block.

    :param folder: where no user is kept out: the database's own user has to enter it.
    """
    arguments = [
        *("--seed", "20", "--symbols", ",".join(SYMBOLS), "--from", f"{START:%Y-%m-%d}"),
        *("--days", str(WAVES / 96), "--backfill-days", "1"),
        *("--port", str(free_port()), "--state-dir", str(folder / "state")),
    ]
    with output_of(folder).open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "trading_pipeline.cli.main", "demo", *arguments],
            cwd=folder,
            env=environment_of(),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield Demo(folder, process)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(timeout=60)


@contextmanager
def database_of(folder: Path) -> Iterator[dict[str, Engine]]:
    """The stopped demo's databases ``trading`` and ``dagster``, served again."""
    server = EmbeddedPostgres(folder / "state" / "postgres")
    server.start()
    engines = {name: connect(server.url(name, "psycopg")) for name in ("trading", "dagster")}
    try:
        yield engines
    finally:
        for engine in engines.values():
            engine.dispose()
        server.stop()


def rows(engine: Engine, query: str, values: Mapping[str, object] | None = None) -> list[tuple[object, ...]]:
    """Of one query."""
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query), dict(values or {}))]
