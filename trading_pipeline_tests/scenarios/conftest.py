"""The undisturbed demo, run once for all scenarios that look at it."""

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine

from trading_pipeline_tests.scenarios.replayed_demo import Demo, database_of, demo


@dataclass(frozen=True)
class FinishedDemo:
    """A demo that ran to its end.

    :param survivors: processes that were left when it had ended.
    """

    demo: Demo
    output: str
    survivors: list[str]
    trading: Engine
    dagster: Engine


@pytest.fixture(scope="session")
def open_folder() -> Iterator[Path]:
    """A folder that the database's own user may enter."""
    folder = Path(tempfile.mkdtemp(prefix="trading-demo-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def finished(open_folder: Path) -> Iterator[FinishedDemo]:
    """The demo in small, undisturbed."""
    folder = open_folder / "undisturbed"
    folder.mkdir()
    with demo(folder) as running:
        output = running.finish()
    survivors = running.survivors()
    with database_of(folder) as engines:
        yield FinishedDemo(running, output, survivors, engines["trading"], engines["dagster"])
