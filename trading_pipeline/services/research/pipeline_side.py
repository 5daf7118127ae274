"""What the pipeline stored of the time in question."""

from collections.abc import Iterator, Sequence

from trading_pipeline.domain.model.signals import Signal, SignalKind
from trading_pipeline.domain.strategies.framework.plan import running
from trading_pipeline.ports.stores.research.trade_history import TradeHistory
from trading_pipeline.ports.stores.strategy.signal_store import SignalStore
from trading_pipeline.services.research.backtest_request import StrategyRun
from trading_pipeline.services.research.compare_parity import ParitySide
from trading_pipeline.services.research.parity_question import ParityQuestion


def pipeline_side(
    question: ParityQuestion, runs: Sequence[StrategyRun], signals: SignalStore, history: TradeHistory
) -> ParitySide:
    """Signals of the strategies that run, and what was made of them before the end."""
    keys, scope = running(question.plans), (question.start, question.end)
    return ParitySide(
        signals=[signal for run in runs for signal in _stored(question, run, signals)],
        outcomes=[
            one for key in keys for one in history.signal_outcomes(*key, *scope) if one.close_time < question.end
        ],
        trades=[row for key in keys for row in history.trades(*key, *scope) if row.signalled_at < question.end],
    )


def _stored(question: ParityQuestion, run: StrategyRun, signals: SignalStore) -> Iterator[Signal]:
    for kind in SignalKind:
        for one in signals.signals(list(run.bars), run.timeframe, question.start, question.end, kind):
            if one.strategy == run.strategy.name:
                yield one
