"""What Dagster has no partitions of is named with what is nearest to it."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

import pytest

from trading_pipeline.domain.model.backfills import BackfillRequest
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.launched import LaunchedJob, RunShown, RunsQuestion
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.model.universe import Universe
from trading_pipeline.ports.orchestrator import JobLauncher
from trading_pipeline.resources.backfills import launch_by_operator
from trading_pipeline_tests.testkit.builders import START

BTC = InstrumentId("BTCUSDT.BYBIT")
UNIVERSE = Universe("bybit", START, (BTC, InstrumentId("SOLUSDT.BYBIT")), (Timeframe.M15, Timeframe.H4))


class Asked(JobLauncher):
    """Keeps what was launched."""

    def __init__(self) -> None:
        self.partitions: list[str] = []

    def launch(self, job: str, ops: Mapping[str, Mapping[str, object]]) -> LaunchedJob:
        raise AssertionError(f"{job} was launched")

    def backfill(self, assets: Sequence[str], partitions: Sequence[str], title: str) -> LaunchedJob:
        self.partitions += [f"{asset} {key}" for asset in assets for key in partitions]
        return LaunchedJob(title, "an id", "a page")

    def runs(self, question: RunsQuestion) -> Sequence[RunShown]:
        return []

    def page_of(self, run_id: str) -> str:
        return run_id

    def check(self) -> None:
        """It is there."""


def request(symbol: str = "BTCUSDT", timeframe: Timeframe = Timeframe.M15) -> BackfillRequest:
    """A day and an hour, from before history began."""
    since = START - timedelta(hours=1)
    return BackfillRequest(InstrumentId(f"{symbol}.BYBIT"), timeframe, since, START + timedelta(days=1))


def test_days_of_the_universe_are_launched_from_where_history_begins() -> None:
    jobs = Asked()
    launch_by_operator(UNIVERSE, jobs, request())
    assert jobs.partitions == ["bars_15m 2025-03-01|BTCUSDT.BYBIT"]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (request("BTCUSTD"), r"did you mean BTCUSDT\.BYBIT\?"),
        (request(timeframe=Timeframe.M30), "the nearest is 15m"),
        (request(timeframe=Timeframe.D1), "the nearest is 4h"),
    ],
)
def test_what_has_no_partitions_is_named_with_the_nearest(asked: BackfillRequest, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        launch_by_operator(UNIVERSE, Asked(), asked)
