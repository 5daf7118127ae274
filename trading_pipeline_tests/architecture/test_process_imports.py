"""What resident processes leave out: a library imported is memory held for as long as they run."""

import subprocess
import sys

import pytest

FRAMES = {"pandas", "pandera"}
SCHEMA = {"alembic"}
PLOTS = {"matplotlib"}
COMPILER = {"numba"}
MARTS = {"dbt"}


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        ("trading_pipeline.cli.main", FRAMES | SCHEMA | PLOTS | COMPILER | MARTS | {"dagster", "sqlalchemy"}),
        ("trading_pipeline.runtime.feed.process", FRAMES | SCHEMA | PLOTS | COMPILER | MARTS | {"dagster", "numpy"}),
        ("trading_pipeline.api.server", FRAMES | SCHEMA | PLOTS | COMPILER | MARTS | {"dagster", "pyarrow"}),
        ("trading_pipeline.runtime.watchdog.process", FRAMES | SCHEMA | PLOTS | COMPILER | MARTS | {"dagster"}),
        ("trading_pipeline.runtime.supervision.up", FRAMES | SCHEMA | PLOTS | COMPILER | MARTS | {"dagster", "redis"}),
        ("trading_pipeline.runtime.replay.demo", FRAMES | SCHEMA | PLOTS | COMPILER | MARTS | {"dagster", "redis"}),
        ("trading_pipeline.definitions", PLOTS | COMPILER | MARTS),
    ],
)
def test_a_process_does_not_import_what_it_never_uses(module: str, unwanted: set[str]) -> None:
    code = f"import sys, {module}; sys.stdout.write(' '.join(sys.modules))"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert unwanted.intersection(answer.stdout.split()) == set()
