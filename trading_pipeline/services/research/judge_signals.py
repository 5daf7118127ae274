"""What each signal would have earned, taken alone."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from trading_pipeline.domain.backtest.config import BacktestConfig, Costs, Exits, Limits
from trading_pipeline.domain.backtest.engine import run_backtest
from trading_pipeline.domain.backtest.signals import EntrySignals
from trading_pipeline.domain.backtest.translate import SymbolInput
from trading_pipeline.domain.model.signals import Bias, Signal
from trading_pipeline.domain.model.timeframes import to_ms
from trading_pipeline.domain.strategies.framework.arrays import BarArrays
from trading_pipeline.services.research.calibrate_avi5 import JudgedSignal

# The account's brakes would keep signals from being judged.
_UNLIMITED = Limits(max_open_positions=1, max_daily_loss=None, cooldown_bars=0)


def judge_signals(signals: Sequence[Signal], bars: pd.DataFrame, exits: Exits, costs: Costs) -> list[JudgedSignal]:
    """Results in R, net of fees and without funding, of those signals whose trade has ended.

    Signals whose trades overlap are run one round after the other, so that each is judged.

    :param exits: how the trades are left; ``costs`` what that costs.
    :param signals: of the instrument and timeframe of ``bars``; those at closes the bars lack are left out.
    """
    arrays = BarArrays.of(bars)
    left = [one for one in signals if (arrays.close_time_ms == to_ms(one.close_time)).any()]
    judged: list[JudgedSignal] = []
    while left:
        taken = _round(left, arrays, BacktestConfig(costs=costs, limits=_UNLIMITED, exits=exits))
        judged += [JudgedSignal(left[place], result) for place, result in taken.items() if result is not None]
        # What is left was refused (a stop on the wrong side, no later bar) and would be refused again.
        if not taken:
            break
        left = [one for place, one in enumerate(left) if place not in taken]
    return sorted(judged, key=lambda one: one.signal.close_time)


def _round(signals: Sequence[Signal], bars: BarArrays, config: BacktestConfig) -> dict[int, float | None]:
    """Results of the signals that were entered, by place; ``None`` while the trade had not ended."""
    closes = np.array([to_ms(one.close_time) for one in signals], np.int64)
    places = np.searchsorted(bars.close_time_ms, closes)
    entries = EntrySignals(
        places,
        np.array([1 if one.bias is Bias.LONG else -1 for one in signals], np.int64),
        np.array([float(one.entry_stop) for one in signals]),
    )
    trades = run_backtest(config, {signals[0].instrument_id: SymbolInput(bars, entries)}).trade_list()
    # Reversed, so that of two signals at one bar the first is found: the engine entered that one.
    by_bar = {int(place): number for number, place in reversed(list(enumerate(places)))}
    return {
        by_bar[trade.entry_bar]: None if trade.exit_reason.label == "end_of_data" else trade.pnl_r for trade in trades
    }
