"""What a replay traded, held against the plain backtest of the same configuration and bars."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from trading_pipeline.adapters.parameters.strategies import load_strategies
from trading_pipeline.adapters.stores.market_data.bar_store import PostgresBarStore
from trading_pipeline.adapters.stores.market_data.book_store import PostgresBookSampleStore
from trading_pipeline.adapters.stores.research.calibration_store import PostgresCalibrationStore
from trading_pipeline.adapters.stores.research.trade_history import PostgresTradeHistory
from trading_pipeline.adapters.stores.strategy.signal_store import PostgresSignalStore
from trading_pipeline.domain.backtest.translate import Funding
from trading_pipeline.domain.model.bars import OHLCV
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.instruments import Instrument
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.exchange_simulator.bars import BarSeries
from trading_pipeline.exchange_simulator.market_model import generate
from trading_pipeline.exchange_simulator.recorded_bars import load
from trading_pipeline.exchange_simulator.recorded_funding import load_funding
from trading_pipeline.runtime.replay.replay_plan import ReplayPlan
from trading_pipeline.runtime.replay.replaying import Replayed
from trading_pipeline.services.research.account_backtest import steps_of
from trading_pipeline.services.research.check_parity import check_parity
from trading_pipeline.services.research.compare_parity import ParityReport
from trading_pipeline.services.research.parity_question import ParityQuestion
from trading_pipeline.services.strategy.book_evidence import BookEvidence


def replay_parity(plan: ReplayPlan, done: Replayed) -> ParityReport:
    """What the plain backtest of the replay's own configuration says of the replayed time.

    :raises DataError: the database has no bars of the replayed time.
    """
    if done.system.exchange is None:
        raise ConfigurationError("a replay without its exchange cannot be compared")
    instruments = done.system.exchange.venue().market_data().instruments()
    question = _question(plan, done, instruments)
    return check_parity(question, PostgresSignalStore(done.engine), PostgresTradeHistory(done.engine))


def base_bars(plan: ReplayPlan) -> dict[InstrumentId, pd.DataFrame]:
    """The bars along which the simulated prices walked, by instrument."""
    if plan.bars_dir is not None:
        series, _ = load(plan.bars_dir, tuple(one.symbol for one in plan.instrument_ids), plan.start)
    else:
        series = {one.symbol: generate(one.symbol, plan.seed) for one in plan.instrument_ids}
    return {one: series_frame(one, series[one.symbol]) for one in plan.instrument_ids if one.symbol in series}


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
            **{name: getattr(series, name) / 10.0 ** scales[name] for name in OHLCV},
        }
    )


def recorded_funding(folder: Path | None, instrument_ids: Sequence[InstrumentId]) -> dict[InstrumentId, Funding]:
    """The rates that the simulated exchange found beside the recorded bars, by instrument."""
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


def _question(plan: ReplayPlan, done: Replayed, instruments: dict[InstrumentId, Instrument]) -> ParityQuestion:
    store = PostgresBarStore(done.engine)
    bars: dict[Timeframe, dict[InstrumentId, pd.DataFrame]] = {}
    for timeframe in done.universe.timeframes:
        frame = store.frame(plan.instrument_ids, timeframe, done.universe.history_start, plan.end)
        bars[timeframe] = {
            InstrumentId(instrument_id): rows.reset_index(drop=True)
            for instrument_id, rows in frame.groupby("instrument_id", sort=False)
        }
    return ParityQuestion(
        plans=load_strategies(plan.config_dir),
        bars=bars,
        start=plan.since,
        end=plan.end,
        capital=float(plan.balance),
        steps=steps_of(instruments, plan.instrument_ids),
        path=base_bars(plan),
        funding=recorded_funding(plan.bars_dir, plan.instrument_ids),
        books=BookEvidence(PostgresBookSampleStore(done.engine), PostgresCalibrationStore(done.engine)),
        given=("ticks and lots of the venue",),
    )
