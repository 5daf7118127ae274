"""What the plain backtest says of the time in question."""

from collections.abc import Sequence
from dataclasses import replace

from trading_pipeline.domain.model.trade_history import SignalOutcome
from trading_pipeline.domain.risk.outcomes import AFTER_HOLE
from trading_pipeline.services.research.backtest_request import BacktestRequest, StrategyRun
from trading_pipeline.services.research.backtest_rows import outcomes_of_signals, trade_rows
from trading_pipeline.services.research.compare_parity import ParitySide
from trading_pipeline.services.research.parity_question import ParityQuestion
from trading_pipeline.services.research.recompute_signals import engine_signals, recomputed_signals
from trading_pipeline.services.research.run_backtest import run_backtest


def engine_side(question: ParityQuestion, runs: Sequence[StrategyRun]) -> tuple[ParitySide, tuple[str, ...]]:
    """The backtest that the command runs for the same configuration.

    :returns: what it says, and what it was told because bars alone do not decide it, in words.
    :raises DataError: the window has no bars.
    """
    computed = [signal for run in runs for signal in recomputed_signals(question, run)]
    done = run_backtest(
        BacktestRequest(
            # Bars do not hold what the book said; told the signals, the engine is still asked what becomes of them.
            runs=[
                replace(run, signals=engine_signals(question, run, computed)) if run.strategy.needs_book else run
                for run in runs
            ],
            # The run is compared and not kept, so nobody asks which code made it.
            code_version="",
            window=question.window,
            steps=question.steps,
            fees=question.fees,
            funding=question.funding,
            path=question.path,
            holes=question.holes,
        )
    )
    # The engine is not told of signals that nobody makes a plan of.
    resting = [
        SignalOutcome(one.strategy, one.instrument_id, one.timeframe, one.close_time, one.bias, AFTER_HOLE)
        for one in computed
        if one.untraded and one.close_time < question.end
    ]
    outcomes = [*outcomes_of_signals(done, question.end), *resting]
    side = ParitySide(computed, outcomes, trade_rows(done, question.end))
    told = [run.strategy.name for run in runs if run.strategy.needs_book]
    return side, tuple(f"signals of {name}, which bars alone do not decide" for name in told)
