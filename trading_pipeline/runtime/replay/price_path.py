"""Along which bars the simulated venue's prices walked, and the funding it charged, as a backtest takes them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from trading_pipeline.domain.backtest.translate import Funding
from trading_pipeline.domain.model.bars import OHLCV
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import to_ms
from trading_pipeline.exchange_simulator.bars import BarSeries
from trading_pipeline.exchange_simulator.market_model import generate
from trading_pipeline.exchange_simulator.recorded_bars import load
from trading_pipeline.exchange_simulator.recorded_funding import load_funding
from trading_pipeline.runtime.replay.replay_plan import ReplayPlan

_BEFORE = timedelta(days=2)
"""What is walked before the first trade: the bar of any timeframe that ends with it is whole."""


def base_bars(plan: ReplayPlan) -> dict[InstrumentId, pd.DataFrame]:
    """The bars along which the simulated prices walked, by instrument."""
    if plan.bars_dir is not None:
        series, _ = load(plan.bars_dir, tuple(one.symbol for one in plan.instrument_ids), plan.start)
    else:
        series = {one.symbol: generated(one, plan.seed, plan.start, plan.end) for one in plan.instrument_ids}
    return {one: series_frame(one, series[one.symbol]) for one in plan.instrument_ids if one.symbol in series}


def generated(instrument_id: InstrumentId, seed: int, start: datetime, end: datetime) -> BarSeries:
    """The generated bars along which prices walked while something was held: minutes of years are not needed."""
    bars = generate(instrument_id.symbol, seed, to_ms(end))
    return bars.part(bars.opened_before(to_ms(start - _BEFORE)), len(bars.open_ms))


def series_frame(instrument_id: InstrumentId, series: BarSeries) -> pd.DataFrame:
    """A simulated instrument's base bars as bars travel, without turnover."""
    opens = series.open_ms.astype("datetime64[ms]")
    times = {"open_time": opens, "close_time": opens + np.timedelta64(series.step_ms, "ms")}
    scales = dict.fromkeys(OHLCV[:4], series.price_decimals) | {"volume": series.volume_decimals}
    return pd.DataFrame(
        {
            "instrument_id": instrument_id,
            **{name: pd.DatetimeIndex(column).as_unit("us").tz_localize("UTC") for name, column in times.items()},
            # an integer over a power of ten is the float that the same digits read as
            **{name: getattr(series, name)[:] / 10.0 ** scales[name] for name in OHLCV},
        }
    )


def recorded_funding(folder: Path | None, instrument_ids: Sequence[InstrumentId]) -> dict[InstrumentId, Funding]:
    """The rates (fraction of notional) that the simulated exchange found beside recorded bars, by instrument."""
    found = (
        {instrument_id: load_funding(folder, instrument_id.symbol) for instrument_id in instrument_ids}
        if folder
        else {}
    )
    return {
        instrument_id: Funding(np.array(list(rates), np.int64), np.array([float(rate) for rate in rates.values()]))
        for instrument_id, rates in found.items()
        if rates
    }
