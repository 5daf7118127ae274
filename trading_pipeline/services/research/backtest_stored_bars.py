"""Backtest one strategy on everything that is stored of one instrument, by the live rules."""

from dataclasses import dataclass
from datetime import datetime

from trading_pipeline.domain.backtest.live_rules import live_rules
from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.holes import HolePolicy
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import EPOCH, Timeframe
from trading_pipeline.domain.strategies.framework.plan import StrategyConfig
from trading_pipeline.ports.stores.market_data.bar_store import BarStore
from trading_pipeline.ports.venue.market_data import MarketData
from trading_pipeline.services.research.account_backtest import fees_of, steps_of
from trading_pipeline.services.research.backtest_request import BacktestRequest, StrategyRun
from trading_pipeline.services.research.run_backtest import BacktestRun, run_backtest
from trading_pipeline.services.research.stored_bars import stored_bars


@dataclass(frozen=True, slots=True)
class StoredMarket:
    """Where such a backtest reads.

    :param market_data: of the venue, for ticks, lots and fees.
    :param finest: the timeframe along whose bars prices are taken to have moved.
    :param holes: what a hole means for the bars after it.
    """

    bars: BarStore
    market_data: MarketData
    finest: Timeframe
    holes: HolePolicy = HolePolicy.COMPUTE_OVER


def backtest_stored_bars(
    market: StoredMarket,
    plan: StrategyConfig,
    instrument_id: InstrumentId,
    timeframe: Timeframe,
    now: datetime,
    code_version: str,
) -> BacktestRun:
    """Trades on all bars that opened before the one which is forming at ``now`` (UTC).

    :raises DataError: no bars are stored, or too few for the strategy.
    """
    instruments = market.market_data.instruments()
    until = timeframe.floor(now)
    finest = market.finest
    # Prices are walked along the finest bars there are, up to the close of the last bar that is decided on.
    stored = stored_bars(market.bars, [instrument_id], {timeframe, finest}, EPOCH, until)
    if not stored[timeframe]:
        raise DataError(f"no {timeframe} bars of {instrument_id} are stored; backfill bars_{timeframe} first")
    path = {} if timeframe is finest else stored[finest]
    walked = finest if path else timeframe
    entry = plan.strategy.trade_rules
    config = live_rules(plan.lifecycle, walked.ms, timeframe=timeframe, entry=entry)
    return run_backtest(
        BacktestRequest(
            runs=[StrategyRun(plan.strategy, timeframe, stored[timeframe], config)],
            code_version=code_version,
            steps=steps_of(instruments, [instrument_id]),
            fees=fees_of(instruments, [instrument_id]),
            path=path,
            holes=market.holes,
        )
    )
