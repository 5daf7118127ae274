"""The backtest of an account: every strategy it runs, by the lifecycle that the configuration gives each."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import pandas as pd

from trading_pipeline.domain.backtest.live_rules import DEFAULT_CAPITAL, live_rules
from trading_pipeline.domain.backtest.translate import Steps
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.instruments import Instrument
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.strategies.framework.plan import StrategyConfig
from trading_pipeline.services.research.backtest_request import StrategyRun

_BPS = 10_000

Bars = Mapping[Timeframe, Mapping[InstrumentId, pd.DataFrame]]
"""Frames with ``BAR_COLUMNS`` by timeframe and instrument."""


def strategy_runs(
    plans: Sequence[StrategyConfig], bars: Bars, capital: float = DEFAULT_CAPITAL
) -> tuple[StrategyRun, ...]:
    """What each strategy runs on, under the live rules.

    :param bars: of every timeframe there is; the shortest is where ``trail_at: finest`` moves stops.
    :param capital: quote currency.
    :raises ConfigurationError: nothing is run on these bars.
    """
    finest_ms = min(timeframe.ms for timeframe in bars)
    runs = tuple(run for plan in plans for run in _of_plan(plan, bars, finest_ms, capital))
    if not runs:
        names = ", ".join(plan.strategy.name for plan in plans)
        raise ConfigurationError(f"{names or 'no strategy'} on {', '.join(bars)}: no file runs it there")
    return runs


def steps_of(
    instruments: Mapping[InstrumentId, Instrument], instrument_ids: Iterable[InstrumentId]
) -> dict[InstrumentId, Steps]:
    """Ticks, lots and sizes (quote and base currency) of the instruments that the venue lists."""
    return {
        instrument_id: Steps(
            price_increment=float(instruments[instrument_id].price_increment),
            quantity_increment=float(instruments[instrument_id].quantity_increment),
            min_quantity=float(instruments[instrument_id].min_quantity),
            min_notional=float(instruments[instrument_id].min_notional),
            # That of market orders: what the engine fills at once, a venue has to take in one.
            max_quantity=float(instruments[instrument_id].max_market_quantity),
        )
        for instrument_id in instrument_ids
        if instrument_id in instruments
    }


def fees_of(
    instruments: Mapping[InstrumentId, Instrument], instrument_ids: Iterable[InstrumentId]
) -> dict[InstrumentId, dict[str, float]]:
    """What the instruments that the venue lists cost the account, in bps, as rules of a backtest."""
    return {
        instrument_id: {
            "maker_fee_bps": float(instruments[instrument_id].maker_fee * _BPS),
            "taker_fee_bps": float(instruments[instrument_id].taker_fee * _BPS),
        }
        for instrument_id in instrument_ids
        if instrument_id in instruments
    }


def _of_plan(plan: StrategyConfig, bars: Bars, finest_ms: int, capital: float) -> Iterator[StrategyRun]:
    for timeframe in plan.timeframes:
        config = live_rules(plan.lifecycle, finest_ms, capital, timeframe, plan.strategy.trade_rules)
        covered = {
            instrument_id: frame
            for instrument_id, frame in bars.get(timeframe, {}).items()
            if plan.covers(instrument_id, timeframe)
        }
        if covered:
            yield StrategyRun(plan.strategy, timeframe, covered, config)
