import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import pytest

from trading_pipeline.runtime.supervision.code_server import ask_code_server_to_end, code_server_spec
from trading_pipeline.runtime.supervision.supervisor import Supervisor
from trading_pipeline_tests.runtime.feed.feed_stage import until


@pytest.fixture
def folder() -> Iterator[Path]:
    # the path of a unix socket has a short limit
    with TemporaryDirectory(prefix="cs-", dir="/tmp") as folder:
        yield Path(folder)


def test_a_code_server_ends_when_it_is_asked(folder: Path) -> None:
    (folder / "nothing.py").write_text("import dagster as dg\n\ndefs = dg.Definitions()\n")
    socket = folder / "code.sock"
    serve = ["-m", "dagster", "api", "grpc", "-s", str(socket), "-f", str(folder / "nothing.py")]
    with Supervisor(folder / "log", {}) as supervisor:
        supervisor.start([code_server_spec([sys.executable, *serve], socket, grace_s=20)])
        process = psutil.Process(supervisor.pids["code-server"])
        until(lambda: ask_code_server_to_end(socket), "the server answers")
        assert process.wait(20) == 0
    assert "interrupted" not in (folder / "log" / "code-server.log").read_text()


def test_a_mute_code_server_is_ended_by_signal(folder: Path) -> None:
    assert not ask_code_server_to_end(folder / "nobody.sock")
