"""Missing bars: what falls due in a hole is charged after it, and time goes on in it."""

from dataclasses import replace

import numpy as np
import pytest

from trading_pipeline.domain.backtest.codes import LegKind, OrderKind, Outcome, Timing
from trading_pipeline.domain.backtest.config import Execution
from trading_pipeline.domain.backtest.engine import run_account, run_backtest
from trading_pipeline.domain.backtest.lanes import Lane
from trading_pipeline.domain.backtest.translate import Funding, SymbolInput
from trading_pipeline.domain.strategies.framework.arrays import BarArrays
from trading_pipeline_tests.domain.backtest.cases import (
    FREE_LIMITS,
    HOUR_MS,
    STOP_ONLY,
    Prices,
    bars_of,
    config_of,
    order,
    run_one,
    signal,
    signals_of,
)

FLAT: Prices = (100.0, 100.0, 100.0, 100.0)


def without(bars: BarArrays, *missing: int) -> BarArrays:
    """The bars but some."""
    kept = np.delete(np.arange(len(bars)), missing)
    return BarArrays(*(getattr(bars, name)[kept] for name in BarArrays.__slots__ if name != "higher"))


def funded(bars: BarArrays, events: dict[int, float], quantity: float = 10.0, bar: int = 0) -> tuple[float, float]:
    """Funding and result of a long from the close of a bar, with events at hours."""
    funding = Funding(np.array([hour * HOUR_MS for hour in events], np.int64), np.array(list(events.values())))
    one = SymbolInput(bars, signal(bar, 1, 50.0, quantity), funding=funding)
    (trade,) = run_backtest(config_of(), {"X": one}).trade_list()
    return trade.funding, trade.pnl


@pytest.mark.parametrize("missing", [(), (7,), (5, 6, 7), (7, 8)])
def test_funding_that_falls_due_in_a_hole_is_charged_after_it(missing: tuple[int, ...]) -> None:
    # 10 units at 100, 0.001 at 08:00 and at 16:00, whether or not the bar that closes at 08:00 is there.
    assert funded(without(bars_of([FLAT] * 22), *missing), {8: 0.001, 16: 0.001})[0] == pytest.approx(2.0)


def test_funding_due_in_a_hole_is_charged_first() -> None:
    # Bar 2 is missing and bar 3 opens at 80, below the stop of 90: 10 x 80 x 0.01 are paid before the stop fills there.
    bars = without(bars_of([FLAT, FLAT, FLAT, (80.0,) * 4, (80.0,) * 4]), 2)
    funding = Funding(np.array([3 * HOUR_MS]), np.array([0.01]))
    one = SymbolInput(bars, signal(0, 1, 90.0, 10.0), funding=funding)
    (trade,) = run_backtest(config_of(), {"X": one}).trade_list()
    assert (trade.funding, trade.exit_reason, trade.exit_price) == (8.0, LegKind.STOP_LOSS, 80.0)


def test_an_entry_after_a_hole_pays_no_funding() -> None:
    bars = without(bars_of([FLAT] * 5), 1)
    funding = Funding(np.array([2 * HOUR_MS]), np.array([0.01]))
    one = SymbolInput(bars, signal(0, 1, 90.0, 10.0), funding=funding)
    (trade,) = run_backtest(config_of(STOP_ONLY, Execution(Timing.NEXT_OPEN)), {"X": one}).trade_list()
    assert (trade.entry_time_ms, trade.funding) == (2 * HOUR_MS, 0.0)


def test_funding_before_the_first_bar_and_after_the_last_is_nobodys() -> None:
    bars = bars_of([FLAT] * 3, start_ms=HOUR_MS)
    assert funded(bars, {0: 0.5, 1: 0.5, 3: 0.001, 5: 0.5})[0] == pytest.approx(1.0)


@pytest.mark.parametrize(("missing", "outcome"), [((), "filled"), ((1,), "filled"), ((1, 2), "expired")])
def test_an_order_does_not_outlive_its_expiry_in_a_hole(missing: tuple[int, ...], outcome: str) -> None:
    # Two bars from 01:00: withdrawn at 03:00. The first bar that falls to 90 opens at 01:00, 02:00 or 03:00.
    dip: Prices = (100.0, 100.0, 89.0, 100.0)
    bars = without(bars_of([FLAT, dip, dip, dip, FLAT]), *missing)
    config = config_of(STOP_ONLY, Execution(entry_expiry_bars=2))
    result = run_one(config, bars, order(0, 1, OrderKind.LIMIT, 90.0, 50.0))
    assert Outcome(int(result.outcomes[0])).label == outcome


STOPPED: Prices = (100.0, 100.0, 85.0, 88.0)
GAPPED: Prices = (85.0, 88.0, 85.0, 88.0)


@pytest.mark.parametrize(
    ("after_ms", "outcome"),
    [(HOUR_MS, "cooldown"), (2 * HOUR_MS, "filled"), (3 * HOUR_MS, "filled")],
)
def test_a_cooldown_is_time_from_the_stop(after_ms: int, outcome: str) -> None:
    # Stopped in the bar that closes at 02:00, two bars of cooldown: from 04:00 on.
    config = config_of(limits=replace(FREE_LIMITS, cooldown_bars=2))
    signals = signals_of([(0, 1, 90.0), (1 + after_ms // HOUR_MS, 1, 50.0)], 1.0)
    result = run_one(config, [FLAT, STOPPED, *[FLAT] * 5], signals)
    assert Outcome(int(result.outcomes[1])).label == outcome


def test_a_cooldown_goes_on_in_a_hole() -> None:
    config = config_of(limits=replace(FREE_LIMITS, cooldown_bars=2))
    bars = without(bars_of([FLAT, STOPPED, *[FLAT] * 4]), 2, 3)
    # The first close after the stop at 02:00 is 05:00.
    result = run_one(config, bars, signals_of([(0, 1, 90.0), (2, 1, 50.0)], 1.0))
    assert result.outcome_counts() == {"filled": 2}


@pytest.mark.parametrize(("bar", "outcome"), [(STOPPED, "cooldown"), (GAPPED, "filled")])
def test_a_stop_at_an_open_counts_from_that_open(bar: Prices, outcome: str) -> None:
    # At the open it is 01:00, so a cooldown of one bar is over at the close at 02:00.
    config = config_of(limits=replace(FREE_LIMITS, cooldown_bars=1))
    result = run_one(config, [FLAT, bar, FLAT], signals_of([(0, 1, 90.0), (1, 1, 50.0)], 1.0))
    assert Outcome(int(result.outcomes[1])).label == outcome


@pytest.mark.parametrize(
    ("bar_ms", "bar", "cooldown", "outcome"),
    [
        # An hour's strategy was stopped at 04:00. By its own number another waits, too, until 05:00 or 06:00 ...
        (HOUR_MS, 3, 1, "cooldown"),
        (HOUR_MS, 4, 1, "filled"),
        (HOUR_MS, 4, 2, "cooldown"),
        (HOUR_MS, 5, 2, "filled"),
        # ... and four-hour bars do not.
        (4 * HOUR_MS, 0, 2, "filled"),
    ],
)
def test_a_cooldown_is_of_symbol_and_timeframe(bar_ms: int, bar: int, cooldown: int, outcome: str) -> None:
    hours = bars_of([FLAT, FLAT, FLAT, STOPPED, *[FLAT] * 8])
    bars = hours if bar_ms == HOUR_MS else bars_of([STOPPED, FLAT, FLAT], bar_ms)
    other = config_of(limits=replace(FREE_LIMITS, cooldown_bars=cooldown))
    lanes = [
        Lane("stopped", "X", config_of(), SymbolInput(hours, signal(0, 1, 90.0, 1.0))),
        Lane("other", "X", other, SymbolInput(bars, signal(bar, 1, 50.0, 1.0))),
    ]
    result = run_account(lanes, {})
    place = [lane.strategy for lane in result.lanes].index("other")
    assert Outcome(int(result.outcomes_by_lane()[place][0])).label == outcome


@pytest.mark.parametrize(("missing", "exit_hour"), [((), 4), ((2,), 4), ((3,), 5), ((2, 3, 4), 6)])
def test_the_holding_limit_is_time(missing: tuple[int, ...], exit_hour: int) -> None:
    # Three bars from the entry at 01:00: the first close at or after 04:00.
    exits = replace(STOP_ONLY, max_holding_bars=3)
    bars = without(bars_of([FLAT] * 8), *missing)
    (trade,) = run_one(config_of(exits), bars, signal(0, 1, 50.0, 1.0)).trade_list()
    assert (trade.exit_reason, trade.exit_time_ms) == (LegKind.TIME_EXIT, exit_hour * HOUR_MS)


def test_what_entered_at_an_open_is_held_from_that_open() -> None:
    exits = replace(STOP_ONLY, max_holding_bars=2)
    config = config_of(exits, Execution(Timing.NEXT_OPEN))
    (trade,) = run_one(config, [FLAT] * 6, signal(0, 1, 50.0, 1.0)).trade_list()
    assert (trade.entry_time_ms, trade.exit_time_ms) == (HOUR_MS, 3 * HOUR_MS)
