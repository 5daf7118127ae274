"""Decide about each claimed plan: an entry of a certain size, or a denial with its reason."""

from collections.abc import Sequence
from dataclasses import dataclass

from trading_pipeline.domain.model.accounts import Wallet
from trading_pipeline.domain.model.errors import TemporaryVenueError
from trading_pipeline.domain.model.orders import OrderIntent, Purpose
from trading_pipeline.domain.model.plans import TradePlan
from trading_pipeline.domain.risk.entry import EntryDecision, EntryQuestion, EntryVerdict, GateFacts
from trading_pipeline.domain.risk.finding import Action, Finding
from trading_pipeline.domain.risk.gate import decide_entry
from trading_pipeline.ports.stores.execution.risk_store import EntryGate
from trading_pipeline.services.execution.cancel_leftovers import cancel_leftovers
from trading_pipeline.services.execution.execution_context import POSITION_TROUBLE, ExecutionContext
from trading_pipeline.services.execution.halt_trading import end_halts
from trading_pipeline.services.execution.leave_position import leave_position
from trading_pipeline.services.execution.market_conditions import market_conditions

UPGRADE_FAILED = "mutex_upgrade_close_failed"
"""Denies a plan whose place could not be made."""


UNCOMPUTABLE = "uncomputable"
"""Denies a plan that the rules cannot count with."""


@dataclass(frozen=True, slots=True)
class GateResult:
    """What the gate let through and what it denied, in the order of the plans.

    :param noted: reductions and warnings, of admitted plans too.
    :param wallet_problem: why the wallet could not be read, empty when it was.
    """

    admitted: tuple[OrderIntent, ...]
    denied: tuple[EntryVerdict, ...]
    wallet_problem: str = ""
    noted: tuple[Finding, ...] = ()


def gate_plans(*, context: ExecutionContext, gate: EntryGate, plans: Sequence[TradePlan]) -> GateResult:
    """Ask every rule about every plan, one transaction under the account's lock each.

    An admitted plan leaves with its position (opening) and its entry intent stored. A wallet that
    cannot be read denies: nothing is sized by guesswork. Where guards or limits read them the venue is asked for
    the instrument's book and funding time first; what cannot be had denies that plan alone. A plan that takes the
    place of a shorter timeframe's position has it closed once nothing else is against the plan.
    """
    if not plans:
        return GateResult((), ())
    now = context.clock.now()
    end_halts(halts=context.halts, notifier=context.notifier, account_id=context.account_id, now=now)
    # Once for all plans: what the earlier ones took of it the gate knows as pending notional.
    wallet, problem = _wallet(context)
    verdicts = [_verdict(context, gate, plan, wallet) for plan in plans]
    return GateResult(
        admitted=tuple(verdict.intent for verdict in verdicts if verdict.intent is not None),
        denied=tuple(verdict for verdict in verdicts if verdict.intent is None),
        wallet_problem=problem,
        noted=tuple(
            finding for verdict in verdicts for finding in verdict.findings if finding.action is not Action.DENY
        ),
    )


def _wallet(context: ExecutionContext) -> tuple[Wallet | None, str]:
    try:
        return context.trading.wallet(), ""
    # Only what may pass: a key that is refused is a configuration error and stops the run.
    except TemporaryVenueError as error:
        return None, str(error)


def _verdict(context: ExecutionContext, gate: EntryGate, plan: TradePlan, wallet: Wallet | None) -> EntryVerdict:
    verdict = _asked(context, gate, plan, wallet)
    if not verdict.replaces:
        return verdict
    problem = _make_room(context, verdict.replaces)
    if not problem:
        # Read anew: what closing the other position cost or freed is in no wallet that was read before.
        verdict = _asked(context, gate, plan, _wallet(context)[0])
        if not verdict.replaces:
            return verdict
        problem = "the position is flat at the venue and still live in the ledger"
    return _asked(context, gate, plan, wallet, Finding(UPGRADE_FAILED, Action.DENY, problem))


def _asked(
    context: ExecutionContext, gate: EntryGate, plan: TradePlan, wallet: Wallet | None, given: Finding | None = None
) -> EntryVerdict:
    """The gate's answer.

    :param given: a denial that stands before any rule is asked.
    """
    conditions = market_conditions(context=context, plan=plan)
    # after the venue has told the conditions, so that the time it took counts
    now = context.clock.now()
    instrument = context.instruments.get(plan.instrument_id)
    bases = {instrument_id: one.base_currency for instrument_id, one in context.instruments.items()}
    regime = context.regime.regime(now) if context.regime is not None and context.limits.market.regime else None

    def decide(facts: GateFacts) -> EntryDecision:
        if given is not None:
            return EntryDecision(None, (given,))
        question = EntryQuestion(plan, facts, wallet, instrument, context.limits, now, conditions, bases, regime)
        try:
            return decide_entry(question, context.run_id)
        # Of a number that nobody foresaw, one plan is refused; raised, it would keep all others undecided.
        except ArithmeticError as error:
            reason = (
                f"its entry cannot be computed ({type(error).__name__}): see the plan's and the instrument's numbers"
            )
            return EntryDecision(None, (Finding(UNCOMPUTABLE, Action.DENY, reason),))

    currency = "" if instrument is None else instrument.settlement_currency
    return gate.admit(plan, currency, context.run_id, now, decide)


def _make_room(context: ExecutionContext, position_id: str) -> str:
    """Close the position whose place the plan takes; why it is not closed, empty when it is."""
    # A position has the id of the plan that opened it.
    replaced = context.ledger.plan(position_id)
    try:
        flat = leave_position(context=context, plan=replaced, purpose=Purpose.UPGRADE_EXIT)
        cancel_leftovers(context=context)
    except POSITION_TROUBLE as error:
        return f"the {replaced.timeframe} position in {replaced.instrument_id} could not be closed: {error}"
    return "" if flat else f"the {replaced.timeframe} position in {replaced.instrument_id} is not flat"
