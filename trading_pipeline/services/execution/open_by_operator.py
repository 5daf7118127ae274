"""A person opens what a stored signal says: its plan is taken up, and goes the way of every other."""

from collections.abc import Sequence
from dataclasses import dataclass

from trading_pipeline.domain.model.commands import CommandOutcome, OperatorCommand
from trading_pipeline.domain.model.errors import OrderDenied, UnknownName
from trading_pipeline.domain.model.identity import AccountId
from trading_pipeline.domain.model.plans import Claim, PlanStanding, PlanStatus, TradePlan
from trading_pipeline.domain.model.signals import Signal, SignalKind
from trading_pipeline.domain.strategies.framework.plan import StrategyConfig, only_watched
from trading_pipeline.ports.stores.execution.ledger import PlanQueue
from trading_pipeline.ports.stores.execution.risk_store import HaltRegister
from trading_pipeline.ports.stores.execution.signal_reader import SignalReader
from trading_pipeline.ports.venue.clock import Clock
from trading_pipeline.services.execution.claim_plans import LEASE
from trading_pipeline.services.execution.close_by_operator import OpenContext
from trading_pipeline.services.execution.controls import Controls, begun

_REFUSED = "open"
"""Rule of a refusal that comes before the gate is asked."""
_ENTERED = (PlanStatus.EXECUTED, PlanStatus.CLAIMED)
"""A plan whose limit entry rests stays claimed."""


@dataclass(frozen=True, slots=True)
class OpeningQuestion:
    """Whether a stored signal may be opened now.

    :param clock: venue time; asked last, so that what the ledger knows is told while the venue is away.
    :param account_id: the account to open it in; ``None`` asks for halts that stand for every account.
    :param run_id: the run that asks, to which its own claim is no obstacle.
    """

    signal_id: str
    strategies: Sequence[StrategyConfig]
    clock: Clock
    account_id: AccountId | None = None
    run_id: str = ""


def plan_to_open(
    *, signals: SignalReader, plans: PlanQueue, halts: HaltRegister, question: OpeningQuestion
) -> TradePlan:
    """The plan of the signal, where nothing is known that stands against opening it. The gate decides afterwards.

    :raises UnknownName: no such signal is stored.
    :raises OrderDenied: it is not to be opened; the sentence says why.
    """
    signal = signals.signal(question.signal_id)
    if signal is None:
        raise UnknownName(f"there is no {question.signal_id[:100]!r} among signals")
    standing = plans.standing_of(signal.signal_id)
    if standing is None:
        raise OrderDenied(_REFUSED, _why_unplanned(signal, question.strategies))
    reason = _watched(signal, question.strategies) or _spent(standing, question) or _halted(halts, standing, question)
    if reason:
        raise OrderDenied(_REFUSED, reason)
    return standing.plan


def take_up_by_operator(
    *,
    open_context: OpenContext,
    controls: Controls,
    strategies: Sequence[StrategyConfig],
    command: OperatorCommand,
    signal_id: str,
) -> Claim:
    """Claim the signal's plan for the run that carries the command out, so that its next steps execute it.

    Called again by the same run it returns the same plan; another run is refused.

    :param open_context: the account.
    :raises ConfigurationError: the command gives no reason.
    :raises UnknownName: no such signal is stored.
    :raises OrderDenied: it is not to be opened.
    """
    command.require_reason()
    with begun(controls.commands, command, f"open signal {signal_id}"):
        context = open_context()
        question = OpeningQuestion(signal_id, strategies, context.clock, context.account_id, context.run_id)
        plan = plan_to_open(signals=context.signals, plans=context.ledger, halts=context.halts, question=question)
        # The question and the claim are two transactions: of two commands at one time the second is told here.
        if not context.ledger.take_up(plan.plan_id, context.run_id, LEASE):
            raise OrderDenied(_REFUSED, f"another run took plan {plan.plan_id} at this moment")
    return Claim((plan,), ())


def conclude_opening(*, plans: PlanQueue, controls: Controls, command: OperatorCommand, plan: TradePlan) -> str:
    """Record what became of the opening, once every step is done.

    :returns: a sentence about it.
    :raises OrderDenied: the gate, the venue or the time was against it.
    """
    standing = plans.standing_of(plan.signal_id)
    if standing is None or standing.status not in _ENTERED:
        said = "gone" if standing is None else f"{standing.status}: {standing.reason}"
        controls.commands.append(command, CommandOutcome.FAILED, said)
        raise OrderDenied(_REFUSED, f"plan {plan.plan_id} is {said}")
    entered = standing.status is PlanStatus.EXECUTED
    done = f"plan {plan.plan_id} is executed" if entered else f"the entry of plan {plan.plan_id} is under way"
    controls.commands.append(command, CommandOutcome.DONE, done)
    return done


def _why_unplanned(signal: Signal, strategies: Sequence[StrategyConfig]) -> str:
    if signal.kind is SignalKind.EXIT:
        return f"the signal leaves a {signal.bias}, it enters none"
    return _watched(signal, strategies) or signal.untraded or "no plan was made of the signal"


def _watched(signal: Signal, strategies: Sequence[StrategyConfig]) -> str:
    if only_watched(strategies, signal.strategy, signal.instrument_id, signal.timeframe):
        return f"{signal.strategy} only watches {signal.instrument_id} at {signal.timeframe}"
    return ""


def _spent(standing: PlanStanding, question: OpeningQuestion) -> str:
    """Why the plan is nobody's to take, empty where it is."""
    plan, status = standing.plan, standing.status
    if status is PlanStatus.CLAIMED and standing.run_id == question.run_id:
        return ""
    if status is PlanStatus.HISTORICAL:
        return f"plan {plan.plan_id} was computed as history, which can never reach an order"
    if status is PlanStatus.CLAIMED:
        return f"run {standing.run_id} executes plan {plan.plan_id} already"
    if status not in (PlanStatus.NEW, PlanStatus.DENIED) or standing.ordered:
        return f"plan {plan.plan_id} is {': '.join(filter(None, [status, standing.reason]))}"
    if question.clock.now() > plan.valid_until:
        return f"plan {plan.plan_id} was valid until {plan.valid_until:%Y-%m-%d %H:%M:%S} UTC"
    return ""


def _halted(halts: HaltRegister, standing: PlanStanding, question: OpeningQuestion) -> str:
    instrument_id = standing.plan.instrument_id
    for halt in halts.halts():
        in_account = halt.scope.account_id in (None, question.account_id)
        if in_account and halt.scope.instrument_id in (None, instrument_id) and halt.stands(question.clock.now()):
            return str(halt)
    return ""
