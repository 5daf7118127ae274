"""Bars become snapshots, signals and plans, always the same ones."""

import csv
import gzip
import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from trading_pipeline.domain.indicators.snapshot import SNAPSHOT_WARMUP
from trading_pipeline.domain.model.bars import Bar, BarSource
from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.holes import HolePolicy
from trading_pipeline.domain.model.partitions import WINDOW_BARS
from trading_pipeline.domain.model.signals import SignalKind, decision_key
from trading_pipeline.domain.model.timeframes import Timeframe, from_ms
from trading_pipeline.services.strategy.answers import decimal_of
from trading_pipeline_tests.testkit.builders import START, a_bar, a_range, days_of, walk, without
from trading_pipeline_tests.testkit.market_vertical import Vertical

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
few_examples = settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.fixture
def vertical(database: Engine) -> Vertical:
    return Vertical(database)


@few_examples
@given(seed=st.integers(0, 10_000), holes=st.sets(st.integers(0, 95), max_size=2))
def test_a_range_equals_its_days_one_by_one(vertical: Vertical, seed: int, holes: set[int]) -> None:
    vertical.wipe()
    scope = a_range(["BTCUSDT.BYBIT", "SOLUSDT.BYBIT"], days=4)
    bars = without(walk(count=96, seed=seed), *holes) + walk("SOLUSDT.BYBIT", count=96, seed=seed)
    vertical.bars.append_raw(bars, BarSource.REST)
    vertical.run(scope, START + 4 * DAY)
    together = vertical.rows()
    vertical.empty()
    for day in days_of(scope):
        vertical.run(day, START + 4 * DAY)
    assert vertical.rows() == together
    assert together["trade_plans"]


@few_examples
@given(seed=st.integers(0, 10_000), day=st.integers(0, 2))
def test_a_rerun_of_any_day_writes_nothing(vertical: Vertical, seed: int, day: int) -> None:
    vertical.wipe()
    vertical.bars.append_raw(walk(count=72, seed=seed), BarSource.REST)
    vertical.run(a_range(days=3), START + 3 * DAY)
    versions = vertical.versions()
    vertical.run(a_range(start=START + day * DAY), START + 3 * DAY, run_id="run-2")
    assert vertical.versions() == versions


@few_examples
@given(seed=st.integers(0, 10_000), known=st.integers(1, 71))
def test_what_came_later_changes_no_row(vertical: Vertical, seed: int, known: int) -> None:
    vertical.wipe()
    bars, scope = walk(count=72, seed=seed), a_range(days=3)
    vertical.bars.append_raw(bars[:known], BarSource.REST)
    vertical.run(scope, START + known * HOUR)
    early = vertical.rows()
    vertical.bars.append_raw(bars[known:], BarSource.REST)
    vertical.run(scope, START + 3 * DAY)
    late = vertical.rows()
    for table, rows in early.items():
        assert set(rows) <= set(late[table]), table


def test_distant_days_do_not_depend_on_historys_start(vertical: Vertical) -> None:
    bars = walk(count=24 * 75)
    vertical.bars.append_raw(bars, BarSource.REST)
    day = a_range(start=START + 74 * DAY)
    vertical.run(day, START + 75 * DAY)
    whole = vertical.rows()
    vertical.wipe()
    vertical.bars.append_raw(bars[24 * 74 - 1700 :], BarSource.REST)
    vertical.run(a_range(start=START + 74 * DAY, history_start=bars[24 * 74 - 1700].open_time), START + 75 * DAY)
    cut = vertical.rows()
    assert {name: rows for name, rows in cut.items() if name != "bars"} == {
        name: rows for name, rows in whole.items() if name != "bars"
    }


def test_unsound_bars_decide_nothing_for_their_symbol_alone(vertical: Vertical) -> None:
    bars = without(walk("ADAUSDT.BYBIT", count=24), 12) + walk("SOLUSDT.BYBIT", count=24)
    vertical.bars.append_raw(bars, BarSource.REST)
    report = vertical.decide(a_range(["ADAUSDT.BYBIT", "SOLUSDT.BYBIT"]), START + DAY)
    assert report.unsound == ("ADAUSDT.BYBIT",)
    found = vertical.signals.signals(["ADAUSDT.BYBIT"], Timeframe.H1, START, START + DAY)
    assert all(signal.close_time <= START + 12 * HOUR for signal in found)
    assert vertical.snapshots.values("ADAUSDT.BYBIT", Timeframe.H1, START + 12 * HOUR) is not None
    assert vertical.snapshots.values("ADAUSDT.BYBIT", Timeframe.H1, START + 14 * HOUR) is None
    assert vertical.snapshots.values("SOLUSDT.BYBIT", Timeframe.H1, START + DAY) is not None


def test_a_refused_price_leaves_earlier_decisions(vertical: Vertical) -> None:
    bars = walk(count=24, seed=3)
    vertical.bars.append_raw(bars, BarSource.REST)
    vertical.decide(a_range(), START + DAY)
    undisturbed = vertical.signals.signals(["BTCUSDT.BYBIT"], Timeframe.H1, START, START + 18 * HOUR)
    vertical.wipe()
    bars[18] = a_bar(open_time=START + 18 * HOUR, low="-5")
    vertical.bars.append_raw(bars, BarSource.REST)
    assert vertical.decide(a_range(policy=HolePolicy.REFUSE), START + DAY).refused == ()
    assert vertical.signals.signals(["BTCUSDT.BYBIT"], Timeframe.H1, START, START + DAY) == undisturbed


def test_a_symbol_without_bars_gives_nothing_and_no_error(vertical: Vertical) -> None:
    assert vertical.decide(a_range(["XRPUSDT.BYBIT"]), START + DAY).entries == 0


def test_snapshots_hold_what_is_warmed_up_and_only_that(vertical: Vertical) -> None:
    vertical.bars.append_raw(walk(count=48), BarSource.REST)
    vertical.decide(a_range(days=2), START + 2 * DAY)
    young = vertical.snapshots.values("BTCUSDT.BYBIT", Timeframe.H1, START + 15 * HOUR)
    old = vertical.snapshots.values("BTCUSDT.BYBIT", Timeframe.H1, START + 48 * HOUR)
    assert young is not None
    assert old is not None
    assert {"ema_12", "rsi_14", "atr_14"} <= young.keys() < old.keys()
    assert "ema_26" not in young
    assert "ema_169" not in old


def test_the_window_covers_the_slowest_indicator() -> None:
    assert WINDOW_BARS == SNAPSHOT_WARMUP


def test_snapshots_of_bars_found_unsound_later_are_removed(vertical: Vertical) -> None:
    vertical.bars.append_raw(walk(count=24), BarSource.REST)
    vertical.decide(a_range(), START + DAY)
    vertical.bars.append_raw([a_bar(open_time=START + 20 * HOUR, close="1")], BarSource.FILE)
    vertical.decide(a_range(), START + DAY)
    assert vertical.snapshots.values("BTCUSDT.BYBIT", Timeframe.H1, START + 21 * HOUR) is None
    assert vertical.snapshots.values("BTCUSDT.BYBIT", Timeframe.H1, START + 22 * HOUR) is not None


def test_where_a_strategy_leaves_is_stored_beside_where_it_enters(vertical: Vertical) -> None:
    """Exits are those of the strategy on the same bars, named by bar, side and version, at the bar's close."""
    bars = walk(count=48)
    vertical.bars.append_raw(bars, BarSource.REST)
    report = vertical.decide(a_range(days=2), START + 2 * DAY)
    closes = {bar.close_time: bar.close for bar in bars}
    frame = vertical.bars.frame(["BTCUSDT.BYBIT"], Timeframe.H1, START, START + 2 * DAY)
    (plan,) = vertical.strategies
    said = [
        (frame["close_time"].iloc[row.bar_index], row.bias)
        for row in plan.strategy.exits(frame).itertuples(index=False)
    ]
    found = vertical.signals.signals(["BTCUSDT.BYBIT"], Timeframe.H1, START, START + 2 * DAY, SignalKind.EXIT)
    assert [(one.close_time, one.bias) for one in found] == said
    assert (report.entries, report.exits) == (
        len(vertical.signals.signals(["BTCUSDT.BYBIT"], Timeframe.H1, START, START + 2 * DAY)),
        len(found),
    )
    for one in found:
        assert one.signal_id == decision_key(
            "ema_atr", "BTCUSDT.BYBIT", Timeframe.H1, one.close_time, one.bias, one.kind
        )
        assert (one.strategy_version, one.stop_price, one.score) == (plan.strategy.version, None, Decimal(0))
        assert one.entry_price == closes[one.close_time]


def test_an_exit_makes_no_plan(vertical: Vertical) -> None:
    vertical.bars.append_raw(walk(count=48), BarSource.REST)
    report = vertical.run(a_range(days=2), START + 2 * DAY)
    exits = vertical.signals.signals(["BTCUSDT.BYBIT"], Timeframe.H1, START, START + 2 * DAY, SignalKind.EXIT)
    planned = {json.loads(line)["signal_id"] for line in vertical.rows()["trade_plans"]}
    assert exits
    assert report.refused == ()
    assert planned.isdisjoint(one.signal_id for one in exits)


@pytest.mark.parametrize(
    ("value", "price"),
    [(0.1 + 0.2, "0.3"), (109123.45, "109123.45"), (1.23456789e-05, "0.0000123456789"), (100.0, "100")],
)
def test_prices_come_back_from_floats_as_they_were_written(value: float, price: str) -> None:
    assert decimal_of(value) == Decimal(price)


def test_a_price_that_is_no_number_is_refused() -> None:
    with pytest.raises(DataError, match="nan"):
        decimal_of(float("nan"))


def test_recorded_bars_plan_stops_on_the_losing_side(vertical: Vertical, samples: Path) -> None:
    bars = recorded(samples / "bars_4h" / "SOLUSDT_4h.csv.gz")
    first = bars[0].open_time
    day = first.replace(hour=0) + DAY
    vertical.bars.append_raw(bars, BarSource.FILE)
    scope = a_range(["SOLUSDT.BYBIT"], Timeframe.H4, day, 60, history_start=first)
    report = vertical.run(scope, bars[-1].close_time)
    assert report.plans > 20
    assert report.refused == ()
    for line in vertical.rows()["trade_plans"]:
        plan = json.loads(line)
        sign = 1 if plan["bias"] == "long" else -1
        assert sign * (plan["entry_price"] - plan["stop_price"]) > 0
        assert plan["status"] == "historical"


def recorded(path: Path) -> list[Bar]:
    """Bars of a recorded file."""
    with gzip.open(path, "rt") as file:
        rows = list(csv.DictReader(file))
    names = ("open", "high", "low", "close", "volume")
    return [
        Bar(
            "SOLUSDT.BYBIT",
            Timeframe.H4,
            from_ms(int(row["open_time_ms"])),
            *(Decimal(row[name]) for name in names),
            turnover=Decimal(row["volume"]) * Decimal(row["close"]),
        )
        for row in rows
    ]
