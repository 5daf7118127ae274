"""From claimed plans to protected positions: the steps of one run, in order."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from trading_pipeline.domain.model.orders import OrderIntent
from trading_pipeline.domain.model.plans import Claim, PlanStatus, TradePlan
from trading_pipeline.ports.notifications import Severity
from trading_pipeline.ports.stores.execution.risk_store import EntryGate, EquityLog
from trading_pipeline.services.accounting.record_equity import ensure_day_start
from trading_pipeline.services.execution.claim_plans import claim_plans
from trading_pipeline.services.execution.desk import POSITION_TROUBLE, Desk
from trading_pipeline.services.execution.follow_fills import follow_position
from trading_pipeline.services.execution.gate_plans import GateResult, gate_plans
from trading_pipeline.services.execution.protect_position import ProtectResult
from trading_pipeline.services.execution.submit_order import SubmitOutcome, submit_order


@dataclass(frozen=True, slots=True)
class ExecutionSummary:
    """What one run did, step by step.

    :param outcomes: plan id to its status at the end; ``CLAIMED`` ones go on in a later run.
    """

    claim: Claim
    gate: GateResult
    submitted: tuple[SubmitOutcome, ...]
    protected: tuple[ProtectResult, ...]
    outcomes: dict[str, PlanStatus]


def execute_plans(*, desk: Desk, gate: EntryGate, equity: EquityLog) -> ExecutionSummary:
    """Claim, gate, submit, protect, record. May be killed anywhere and run again by anybody."""
    by = desk.limits.entries_by
    claim = claim_plans(plans=desk.ledger, clock=desk.clock, run_id=desk.run_id, entries_by=by)
    if claim.plans:
        ensure_day_start(trading=desk.trading, equity=equity, now=desk.clock.now())
    gated = gate_plans(desk=desk, gate=gate, plans=claim.plans)
    submitted = submit_entries(desk=desk, intents=gated.admitted)
    protected = protect_positions(desk=desk, plans=claim.plans)
    outcomes = record_outcomes(desk=desk, protected=protected)
    return ExecutionSummary(claim, gated, submitted, protected, outcomes)


def submit_entries(*, desk: Desk, intents: Sequence[OrderIntent]) -> tuple[SubmitOutcome, ...]:
    """Send the entries one after the other."""
    return tuple(submit_order(desk=desk, order_link_id=intent.order_link_id) for intent in intents)


def protect_positions(*, desk: Desk, plans: Sequence[TradePlan]) -> tuple[ProtectResult, ...]:
    """Protect what the plans opened; a venue that fails for one does not keep the others waiting.

    Plans whose protection could not be proved are left out: they stay claimed and come back.
    """
    done = []
    for plan in plans:
        opening = _opening_plan(desk, plan)
        try:
            with desk.ledger.holding(opening.plan_id):
                protected = follow_position(desk=desk, plan=opening).protected
            done.append(replace(protected, plan_id=plan.plan_id))
        except POSITION_TROUBLE as error:
            desk.notifier.notify(
                Severity.CRITICAL,
                f"protection not proved: {plan.instrument_id}",
                f"Plan {plan.plan_id}: {error}. The stop was sent with the entry; it is looked at again.",
            )
    return tuple(done)


def _opening_plan(desk: Desk, plan: TradePlan) -> TradePlan:
    """The plan whose position the plan's entry opened or added to."""
    position = desk.ledger.position_of(plan.plan_id)
    return plan if position is None or position.plan_id == plan.plan_id else desk.ledger.plan(position.plan_id)


def record_outcomes(*, desk: Desk, protected: Sequence[ProtectResult]) -> dict[str, PlanStatus]:
    """Close the books of the plans whose positions are protected; the others stay claimed."""
    return {one.plan_id: desk.ledger.finish(one.plan_id) for one in protected}
