"""A wave computes only what came since the one before, and its rows are those of the whole day."""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from trading_pipeline.adapters.stores.market_data.resident_bars import Kept, ResidentBarStore
from trading_pipeline.domain.model.bars import Bar, BarSource
from trading_pipeline.domain.model.partitions import PartitionRange
from trading_pipeline.domain.model.timeframes import Timeframe, day_of
from trading_pipeline.services.market_data.narrow_to_wave import narrow_to_wave
from trading_pipeline_tests.testkit.builders import START, a_range, walk
from trading_pipeline_tests.testkit.market_vertical import Vertical

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
BTC, SOL = "BTCUSDT.BYBIT", "SOLUSDT.BYBIT"
CODE = "these rules"


@dataclass
class Waves:
    """Bars heard close by close, and each wave computed as a run does it."""

    vertical: Vertical
    seen: list[PartitionRange] = field(default_factory=list, repr=False)
    kept: dict[Timeframe, Kept] = field(default_factory=dict, repr=False)

    def hear(self, *bars: Bar, source: BarSource = BarSource.WEBSOCKET) -> None:
        """As the feed does."""
        self.vertical.bars.append_raw(bars, source)

    def scope(self, close: datetime) -> PartitionRange:
        """The day of the bar that closes."""
        return a_range([BTC, SOL], start=day_of(close - HOUR))

    def compute(self, close: datetime, decided_by: str = CODE) -> PartitionRange:
        """One run of the wave, in a worker that keeps its windows."""
        waves, checks = self.vertical.waves, self.vertical.checks
        bars = ResidentBarStore(self.vertical.engine, kept=self.kept)
        bars.resume(Timeframe.H1, waves.begin(close, Timeframe.H1, decided_by))
        scope = narrow_to_wave(waves, checks, self.scope(close), tuple(Timeframe), close, decided_by)
        self.vertical.run(scope, close, wave=close, bars=bars)
        self.seen.append(scope)
        return scope

    def whole_day_writes(self, close: datetime) -> bool:
        """Whether computing the whole day finds a row that is not as it would be computed."""
        before = self.vertical.versions()
        self.vertical.run(self.scope(close), close, wave=close)
        return self.vertical.versions() != before


@pytest.fixture
def waves(database: Engine) -> Waves:
    return Waves(Vertical(database))


def closing(bars: list[Bar], close: datetime) -> list[Bar]:
    return [bar for bar in bars if bar.close_time == close]


def computed_until(waves: Waves, close: datetime) -> datetime | None:
    """Compute a wave; what stood before it."""
    return waves.compute(close).computed_until


def two_waves(waves: Waves) -> list[Bar]:
    """Two instruments over two days; the waves of the first three closes are computed."""
    bars = walk(BTC, count=48) + walk(SOL, count=48)
    for hour in (1, 2, 3):
        waves.hear(*closing(bars, START + hour * HOUR))
        waves.compute(START + hour * HOUR)
    return bars


def test_only_the_first_wave_computes_its_day(waves: Waves) -> None:
    two_waves(waves)
    assert [scope.computed_until for scope in waves.seen] == [None, START + HOUR, START + 2 * HOUR]
    assert all(scope.recomputed == set() for scope in waves.seen)


def test_a_late_bar_has_its_day_computed_whole(waves: Waves) -> None:
    bars = two_waves(waves)
    late = replace(closing(bars, START + 2 * HOUR)[0], close=Decimal(100))
    waves.hear(late, source=BarSource.REST)
    waves.hear(*closing(bars, START + 4 * HOUR))
    assert waves.compute(START + 4 * HOUR).recomputed == {BTC}
    assert not waves.whole_day_writes(START + 4 * HOUR)


def test_only_longer_late_bars_count(waves: Waves) -> None:
    bars = two_waves(waves)
    longer, shorter = (walk(SOL, START - DAY, 1, timeframe)[0] for timeframe in (Timeframe.H4, Timeframe.M5))
    waves.hear(shorter, source=BarSource.REST)
    waves.hear(*closing(bars, START + 4 * HOUR))
    assert waves.compute(START + 4 * HOUR).recomputed == set()
    waves.hear(longer, source=BarSource.REST)
    waves.hear(*closing(bars, START + 5 * HOUR))
    assert waves.compute(START + 5 * HOUR).recomputed == {SOL}


def test_other_code_or_parameters_have_the_day_computed_whole(waves: Waves) -> None:
    bars = two_waves(waves)
    waves.hear(*closing(bars, START + 4 * HOUR))
    assert waves.compute(START + 4 * HOUR, "other rules").computed_until is None


def test_after_a_wave_that_was_missed_the_day_is_computed_whole(waves: Waves) -> None:
    bars = two_waves(waves)
    for hour in (4, 5):
        waves.hear(*closing(bars, START + hour * HOUR))
    assert computed_until(waves, START + 5 * HOUR) is None
    waves.hear(*closing(bars, START + 6 * HOUR))
    assert computed_until(waves, START + 6 * HOUR) == START + 5 * HOUR


def test_a_transaction_that_was_open_while_the_wave_began_is_late(waves: Waves) -> None:
    bars = two_waves(waves)
    row = text(
        "INSERT INTO trading.raw_bars SELECT instrument_id, timeframe, open_time, 'file', close_time, open + 1, high,"
        " low, close, volume, turnover FROM trading.raw_bars WHERE instrument_id = :name AND close_time = :close"
    )
    with waves.vertical.engine.begin() as slow:
        slow.execute(row, {"name": SOL, "close": START + 2 * HOUR})
        waves.hear(*closing(bars, START + 4 * HOUR))
        assert waves.compute(START + 4 * HOUR).recomputed == set()
    waves.hear(*closing(bars, START + 5 * HOUR))
    assert waves.compute(START + 5 * HOUR).recomputed == {SOL}
    assert not waves.whole_day_writes(START + 5 * HOUR)


def test_a_failed_instrument_starts_from_the_days_start(waves: Waves) -> None:
    bars = two_waves(waves)
    waves.vertical.waves.note_unanswered(START + 3 * HOUR, Timeframe.H1, {SOL})
    for hour in (4, 5):
        waves.hear(*closing(bars, START + hour * HOUR))
        waves.compute(START + hour * HOUR)
    assert [scope.recomputed for scope in waves.seen[-2:]] == [{SOL}, set()]


def test_a_hole_is_looked_at_again_by_every_wave(waves: Waves) -> None:
    bars = walk(BTC, count=48) + [bar for bar in walk(SOL, count=48) if bar.close_time != START + 2 * HOUR]
    for hour in (1, 2, 3, 4):
        waves.hear(*closing(bars, START + hour * HOUR))
        waves.compute(START + hour * HOUR)
    assert waves.seen[-1].recomputed == {SOL}


Told = Mapping[int, tuple[int, bool]]
"""Place of a SOL bar: how many closes later it is told once more, and whether at another price."""


any_thirty_hours = given(
    seed=st.integers(0, 10_000),
    delayed=st.dictionaries(st.integers(0, 29), st.integers(1, 6), max_size=4),
    told_again=st.dictionaries(st.integers(0, 29), st.tuples(st.integers(0, 6), st.booleans()), max_size=4),
)
few_examples, more_examples = (
    settings(max_examples=count, deadline=None, suppress_health_check=list(HealthCheck)) for count in (2, 8)
)


def assert_every_wave_leaves_the_rows_that_its_whole_day_has(
    waves: Waves, seed: int, delayed: dict[int, int], told_again: Told
) -> None:
    waves.vertical.wipe()
    waves.seen.clear()
    waves.kept.clear()
    due: defaultdict[datetime, list[tuple[Bar, BarSource]]] = defaultdict(list)
    for bar in walk(BTC, count=30, seed=seed):
        due[bar.close_time].append((bar, BarSource.WEBSOCKET))
    for place, bar in enumerate(walk(SOL, count=30, seed=seed + 1)):
        due[bar.close_time + delayed.get(place, 0) * HOUR].append((bar, BarSource.WEBSOCKET))
        if place in told_again:
            later, differs = told_again[place]
            again = replace(bar, close=bar.low) if differs else bar
            due[bar.close_time + later * HOUR].append((again, BarSource.REST))
    for hour in range(1, 31):
        close = START + hour * HOUR
        for bar, source in due[close]:
            waves.hear(bar, source=source)
        waves.compute(close)
        assert not waves.whole_day_writes(close), f"wave {hour}"
        assert waves.kept, "no window is kept"
    # a wave that a late bar opened again is computed again by a run of its own, which is not played here
    whole = sum(scope.computed_until is None for scope in waves.seen)
    assert whole <= 1 + len(delayed)


@few_examples
@any_thirty_hours
def test_every_wave_leaves_the_rows_that_its_whole_day_has(
    waves: Waves, seed: int, delayed: dict[int, int], told_again: Told
) -> None:
    assert_every_wave_leaves_the_rows_that_its_whole_day_has(waves, seed, delayed, told_again)


@pytest.mark.proof
@more_examples
@any_thirty_hours
def test_many_more_waves_leave_them(waves: Waves, seed: int, delayed: dict[int, int], told_again: Told) -> None:
    assert_every_wave_leaves_the_rows_that_its_whole_day_has(waves, seed, delayed, told_again)


@pytest.mark.proof
def test_five_hundred_waves_leave_the_rows_that_an_empty_database_computes(waves: Waves) -> None:
    bars = walk(BTC, count=500, seed=11)
    for number, bar in enumerate(bars):
        waves.hear(bar)
        if number % 7 == 0:
            waves.kept.clear()  # as a worker that is killed and started again
        waves.compute(bar.close_time)
        assert number % 50 or not waves.whole_day_writes(bar.close_time), bar.close_time
    assert sum(scope.computed_until is None for scope in waves.seen) == 1
    stood = waves.vertical.rows()
    waves.vertical.empty()
    for day in range(21):
        waves.vertical.run(a_range([BTC, SOL], start=START + day * DAY), bars[-1].close_time)
    computed = waves.vertical.rows()
    for rows in (stood, computed):  # a plan of a wave may be executed, one of a backfill is history
        rows["trade_plans"] = [re.sub(r'"status": "[a-z]+"', "", row) for row in rows["trade_plans"]]
        rows["signals"] = [re.sub(r'"live": [a-z]+', "", row) for row in rows["signals"]]
    assert computed == stood
