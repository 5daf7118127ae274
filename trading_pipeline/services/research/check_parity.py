"""Hold what the pipeline signalled and traded against the plain backtest of the same account."""

from collections.abc import Container
from dataclasses import replace
from datetime import datetime

from trading_pipeline.domain.model.signals import SignalKind
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.model.trade_history import TradeRow
from trading_pipeline.ports.stores.research.trade_history import TradeHistory
from trading_pipeline.ports.stores.strategy.signal_store import SignalStore
from trading_pipeline.services.research.account_backtest import strategy_runs
from trading_pipeline.services.research.comparable_runs import comparable_runs
from trading_pipeline.services.research.compare_parity import ParityReport, ParitySide, compare_sides
from trading_pipeline.services.research.engine_side import engine_side
from trading_pipeline.services.research.parity_question import ParityQuestion
from trading_pipeline.services.research.pipeline_side import pipeline_side

TradeName = tuple[str, Timeframe, str, datetime]
"""What tells trades apart."""


def check_parity(question: ParityQuestion, signals: SignalStore, history: TradeHistory) -> ParityReport:
    """Compare signals, then what became of each of them, then trades.

    The other side is the backtest that the command runs for the same configuration, told nothing of what the
    pipeline did but what the report lists as given.

    :raises DataError: no strategy has bars enough.
    """
    runs, lacking = comparable_runs(question, strategy_runs(question.plans, question.bars, question.capital))
    engine, given = engine_side(question, runs)
    pipeline = pipeline_side(question, runs, signals, history)
    # a layer that the last close decided is none of the backtest's, which has no later bar for it
    unfinished = {
        _name(trade) for trade in pipeline.trades if any(entry.bar_close >= question.end for entry in trade.entries)
    }
    pipeline, engine = (_without(unfinished, side) for side in (pipeline, engine))
    return ParityReport(
        strategies=tuple(f"{run.strategy.name} {run.timeframe}" for run in runs),
        start=question.start,
        end=question.end,
        signals=sum(one.kind is SignalKind.ENTRY for one in pipeline.signals),
        exits=sum(one.kind is SignalKind.EXIT for one in pipeline.signals),
        trades=len(pipeline.trades),
        legs=sum(len(trade.legs) for trade in pipeline.trades),
        still_open=sum(not trade.exit_reason for trade in pipeline.trades),
        not_entered=sum(one.outcome != "filled" for one in pipeline.outcomes),
        given=(*question.given, *given, *lacking),
        differences=tuple(compare_sides(pipeline, engine)),
    )


def _without(unfinished: Container[TradeName], side: ParitySide) -> ParitySide:
    return replace(side, trades=[trade for trade in side.trades if _name(trade) not in unfinished])


def _name(trade: TradeRow) -> TradeName:
    return trade.strategy, trade.timeframe, trade.instrument_id, trade.signalled_at
