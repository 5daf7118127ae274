"""What the plain backtest of a question says, and what it has to be told."""

from trading_pipeline.services.research.account_backtest import strategy_runs
from trading_pipeline.services.research.compare_parity import ParitySide
from trading_pipeline.services.research.engine_side import engine_side
from trading_pipeline.services.research.parity_question import ParityQuestion
from trading_pipeline_tests.testkit.research import a_question


def asked(question: ParityQuestion) -> tuple[ParitySide, tuple[str, ...]]:
    return engine_side(question, strategy_runs(question.plans, question.bars, question.capital))


def test_bars_are_all_that_a_strategy_of_bars_is_told() -> None:
    side, told = asked(a_question())
    assert told == ()
    assert len(side.trades) > 0
    assert len(side.outcomes) > len(side.trades)
