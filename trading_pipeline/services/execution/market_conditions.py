"""What the venue says of an instrument right before an entry is decided."""

from collections.abc import Callable
from typing import TypeVar

from trading_pipeline.domain.indicators.order_book import reading_of
from trading_pipeline.domain.model.errors import TradingError
from trading_pipeline.domain.model.plans import TradePlan
from trading_pipeline.domain.risk.entry import MarketConditions
from trading_pipeline.services.execution.execution_context import ExecutionContext

T = TypeVar("T")


def market_conditions(*, context: ExecutionContext, plan: TradePlan) -> MarketConditions:
    """Order book and funding time, each where the plan's guards or a limit of the market asks for it.

    What cannot be had is ``None`` with its reason: whatever is wrong with one instrument stops no other.
    """
    limits, guarded = context.limits.market, plan.guards is not None
    found = MarketConditions()
    book, book_problem, levels = found.book, found.book_problem, found.levels
    # Only what somebody reads is asked for: each question is a request between the close and the order.
    if guarded or limits.max_spread_bps or limits.max_slippage_bps:
        levels, book_problem = _try_ask(lambda: context.market.order_book(plan.instrument_id))
        if levels is not None:
            told = levels
            # Apart from the question: a book of one side is an answer, and its levels still tell the slippage.
            book, book_problem = _try_ask(lambda: reading_of(told))
    funding, funding_problem = found.next_funding_at, found.funding_problem
    if guarded or limits.min_minutes_to_funding:
        funding, funding_problem = _try_ask(lambda: context.market.next_funding(plan.instrument_id))
    return MarketConditions(book, funding, book_problem, funding_problem, levels)


def _try_ask(ask: Callable[[], T]) -> tuple[T | None, str]:
    """The answer, or why there is none."""
    try:
        return ask(), ""
    except TradingError as error:
        return None, str(error)
