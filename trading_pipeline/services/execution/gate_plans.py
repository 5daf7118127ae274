"""Decide about each claimed plan: an entry of a certain size, or a denial with its reason."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from trading_pipeline.domain.indicators.order_book import reading_of
from trading_pipeline.domain.model.accounts import Wallet
from trading_pipeline.domain.model.errors import TemporaryVenueError, TradingError
from trading_pipeline.domain.model.orders import OrderIntent
from trading_pipeline.domain.model.plans import TradePlan
from trading_pipeline.domain.risk.entry import EntryQuestion, EntryVerdict, GateFacts, MarketConditions
from trading_pipeline.domain.risk.gate import decide_entry
from trading_pipeline.ports.stores.execution.risk_store import EntryGate
from trading_pipeline.services.execution.execution_context import ExecutionContext

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class GateResult:
    """What the gate let through and what it denied, in the order of the plans.

    :param wallet_problem: why the wallet could not be read, empty when it was.
    """

    admitted: tuple[OrderIntent, ...]
    denied: tuple[EntryVerdict, ...]
    wallet_problem: str = ""


def gate_plans(*, context: ExecutionContext, gate: EntryGate, plans: Sequence[TradePlan]) -> GateResult:
    """Ask every rule about every plan, one transaction under the account's lock each.

    An admitted plan leaves with its position (opening) and its entry intent stored. A wallet that
    cannot be read denies: nothing is sized by guesswork. For a plan with guards the venue is asked for
    the instrument's book and funding time first; what cannot be had denies that plan alone.
    """
    if not plans:
        return GateResult((), ())
    # Once for all plans: what the earlier ones took of it the gate knows as pending notional.
    wallet, problem = _wallet(context)
    verdicts = [_verdict(context, gate, plan, wallet) for plan in plans]
    return GateResult(
        admitted=tuple(verdict.intent for verdict in verdicts if verdict.intent is not None),
        denied=tuple(verdict for verdict in verdicts if verdict.intent is None),
        wallet_problem=problem,
    )


def _wallet(context: ExecutionContext) -> tuple[Wallet | None, str]:
    try:
        return context.trading.wallet(), ""
    # Only what may pass: a key that is refused is a configuration error and stops the run.
    except TemporaryVenueError as error:
        return None, str(error)


def _verdict(context: ExecutionContext, gate: EntryGate, plan: TradePlan, wallet: Wallet | None) -> EntryVerdict:
    conditions = _conditions(context, plan) if plan.guards else MarketConditions()
    # after the venue has told the conditions, so that the time it took counts
    now = context.clock.now()
    instrument = context.instruments.get(plan.instrument_id)

    def decide(facts: GateFacts) -> OrderIntent:
        question = EntryQuestion(plan, facts, wallet, instrument, context.limits, now, conditions)
        return decide_entry(question, context.run_id)

    currency = "" if instrument is None else instrument.settlement_currency
    return gate.admit(plan, currency, context.run_id, now, decide)


def _conditions(context: ExecutionContext, plan: TradePlan) -> MarketConditions:
    book, book_problem = _try_ask(lambda: reading_of(context.market.order_book(plan.instrument_id)))
    funding, funding_problem = _try_ask(lambda: context.market.next_funding(plan.instrument_id))
    return MarketConditions(book, funding, book_problem, funding_problem)


def _try_ask(ask: Callable[[], T]) -> tuple[T | None, str]:
    """The answer, or why there is none: whatever is wrong with one instrument is no reason to stop the others."""
    try:
        return ask(), ""
    except TradingError as error:
        return None, str(error)
