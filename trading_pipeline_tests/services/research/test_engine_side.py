"""What the plain backtest of a question says, and what it has to be told."""

from trading_pipeline.services.research.account_backtest import strategy_runs
from trading_pipeline.services.research.compare_parity import ParitySide
from trading_pipeline.services.research.engine_side import engine_side
from trading_pipeline.services.research.parity_question import ParityQuestion
from trading_pipeline.services.strategy.book_evidence import BookEvidence
from trading_pipeline_tests.testkit.fake_stores import BookShelf, CalibrationShelf
from trading_pipeline_tests.testkit.research import a_question


def asked(question: ParityQuestion) -> tuple[ParitySide, tuple[str, ...]]:
    return engine_side(question, strategy_runs(question.plans, question.bars, question.capital))


def test_bars_are_all_that_a_strategy_of_bars_is_told() -> None:
    side, told = asked(a_question())
    assert told == ()
    assert len(side.trades) > 0
    assert len(side.outcomes) > len(side.trades)


def test_a_strategy_needing_the_book_has_its_signals() -> None:
    side, told = asked(a_question("avi5", books=BookEvidence(BookShelf(), CalibrationShelf()), confirm_book=True))
    assert told == ("signals of avi5, which bars alone do not decide",)
    assert (side.trades, side.outcomes) == ([], []), "a book that nobody sampled confirms nothing"
