"""What a system that brings its own exchange tells it."""

from datetime import UTC, datetime
from pathlib import Path

from trading_pipeline.runtime.supervision.system import simulated_exchange

CONFIG = Path(__file__).parents[3] / "config"


def test_the_simulated_account_lives_in_the_folder_of_the_database_that_knows_of_it(tmp_path: Path) -> None:
    arguments = simulated_exchange(CONFIG, tmp_path, datetime(2025, 11, 1, tzinfo=UTC))
    assert arguments[arguments.index("--state") + 1] == str(tmp_path / "exchange.sqlite")
    assert arguments[arguments.index("--start") + 1] == "2025-11-01T00:00:00+00:00"
