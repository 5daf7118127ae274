"""Funding, open interest and mark prices as the hourly run fetches them, with a venue that has holes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

import dagster as dg
import pytest

from trading_pipeline.defs.market_data.reference_series import hourly_series, series_assets, series_job
from trading_pipeline.domain.model.errors import TemporaryVenueError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.reference_series import FundingRate, MarkBar, OpenInterest
from trading_pipeline.ports.venue.reference_data import ReferenceData
from trading_pipeline_tests.defs.pipeline_stage import DAY, INSTRUMENT_IDS, NOW, PipelineStage, RecordedMarkets
from trading_pipeline_tests.defs.test_trade_plan_sensor import a_wave

HOUR = timedelta(hours=1)
ONE = Decimal(1)


@dataclass
class HourlyVenue(ReferenceData):
    """Has every hour but those that are lost, and funding every eight.

    :ivar away: instruments about which it does not answer.
    """

    lost: set[datetime] = field(default_factory=set)
    away: set[str] = field(default_factory=set)

    def funding_rates(self, instrument_id: InstrumentId, start: datetime, end: datetime) -> Sequence[FundingRate]:
        """At 0, 8 and 16 o'clock."""
        hours = self._hours(instrument_id, start, end)
        return [FundingRate(instrument_id, at, Decimal("0.0001")) for at in hours if at.hour % 8 == 0]

    def open_interest(self, instrument_id: InstrumentId, start: datetime, end: datetime) -> Sequence[OpenInterest]:
        """One contract."""
        return [OpenInterest(instrument_id, at, ONE) for at in self._hours(instrument_id, start, end)]

    def mark_bars(self, instrument_id: InstrumentId, start: datetime, end: datetime) -> Sequence[MarkBar]:
        """Nothing moves."""
        return [MarkBar(instrument_id, at, ONE, ONE, ONE, ONE) for at in self._hours(instrument_id, start, end)]

    def _hours(self, instrument_id: InstrumentId, start: datetime, end: datetime) -> list[datetime]:
        if instrument_id in self.away:
            raise TemporaryVenueError("no answer within 5 s")
        hours = [start + place * HOUR for place in range((end - start) // HOUR)]
        return [at for at in hours if at not in self.lost]


@dataclass
class Markets(RecordedMarkets):
    """With what the venue keeps."""

    reference: ReferenceData | None = None

    def venue(self) -> SimpleNamespace:
        """Asked for its series alone."""
        return SimpleNamespace(reference_data=lambda: self.reference)


@pytest.fixture
def venue(stage: PipelineStage) -> HourlyVenue:
    """What the stage's venue keeps."""
    venue = HourlyVenue()
    stage.markets = Markets(stage.markets.data, venue)
    return venue


def fetched(stage: PipelineStage) -> dict[str, tuple[bool, str]]:
    """What the job's checks say after it has asked for the stage's day."""
    day = f"{DAY:%Y-%m-%d}"
    tags = {
        "dagster/asset_partition_range_start": f"{day}|{INSTRUMENT_IDS[0]}",
        "dagster/asset_partition_range_end": f"{day}|{INSTRUMENT_IDS[-1]}",
    }
    definitions = dg.Definitions(assets=series_assets, jobs=[series_job], resources=stage.resources())
    job = definitions.resolve_job_def(series_job.name)
    result = job.execute_in_process(instance=stage.instance, tags=tags)
    return {
        one.asset_key.to_user_string(): (one.passed, one.description or "")
        for one in result.get_asset_check_evaluations()
    }


def test_a_day_of_every_series_is_kept_whole(stage: PipelineStage, venue: HourlyVenue) -> None:
    assert set(fetched(stage).values()) == {(True, "sound")}
    for table, rows in (("funding_rates", 3), ("open_interest", 24), ("mark_bars", 24)):
        counts = stage.rows(f"SELECT instrument_id, count(*) FROM {table} GROUP BY 1 ORDER BY 1")
        assert counts == [(name, rows) for name in sorted(INSTRUMENT_IDS)]


def test_fetching_again_changes_nothing_and_names_holes(stage: PipelineStage, venue: HourlyVenue) -> None:
    lost = DAY + 5 * HOUR
    venue.lost = {lost}
    passed, said = fetched(stage)["open_interest"]
    assert not passed
    assert f"nothing from {lost - HOUR:%Y-%m-%d %H:%M} to {lost + HOUR:%Y-%m-%d %H:%M} UTC" in said
    first = stage.rows("SELECT * FROM open_interest ORDER BY 1, 2")
    venue.lost = set()
    assert fetched(stage)["open_interest"] == (True, "sound")
    assert [row for row in stage.rows("SELECT * FROM open_interest ORDER BY 1, 2") if row[1] != lost] == first


def test_an_unanswered_instrument_alone_is_named(stage: PipelineStage, venue: HourlyVenue) -> None:
    venue.away = {INSTRUMENT_IDS[0]}
    passed, said = fetched(stage)["mark_bars"]
    assert not passed
    assert said == f"{INSTRUMENT_IDS[0]}: no answer within 5 s"
    assert len(stage.rows("SELECT DISTINCT instrument_id FROM mark_bars")) == len(INSTRUMENT_IDS) - 1


def test_the_hourly_run_asks_for_two_days(stage: PipelineStage) -> None:
    def request() -> dg.RunRequest | dg.SkipReason:
        with dg.build_schedule_context(instance=stage.instance, resources=stage.resources()) as context:
            asked = hourly_series(context)
        assert isinstance(asked, dg.RunRequest | dg.SkipReason)
        return asked

    assert isinstance(request(), dg.SkipReason)
    a_wave(stage, NOW, computed=False)
    wanted = request()
    assert isinstance(wanted, dg.RunRequest)
    assert wanted.tags["dagster/asset_partition_range_start"] == f"{DAY:%Y-%m-%d}|{INSTRUMENT_IDS[0]}"
    assert wanted.tags["dagster/asset_partition_range_end"] == f"{NOW:%Y-%m-%d}|{INSTRUMENT_IDS[-1]}"
