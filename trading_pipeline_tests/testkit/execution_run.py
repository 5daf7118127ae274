"""One run of the job ``execute_plans`` by the steps that its ops call, in their order, without Dagster around them."""

from dataclasses import dataclass

from trading_pipeline.domain.model.plans import Claim, PlanStatus
from trading_pipeline.ports.stores.execution.risk_store import EntryGate, EquityLog
from trading_pipeline.services.accounting.record_equity import ensure_day_start
from trading_pipeline.services.execution.claim_plans import claim_plans
from trading_pipeline.services.execution.execute_plans import protect_positions, record_outcomes, submit_entries
from trading_pipeline.services.execution.execution_context import ExecutionContext
from trading_pipeline.services.execution.gate_plans import GateResult, gate_plans
from trading_pipeline.services.execution.protect_position import ProtectResult
from trading_pipeline.services.execution.submit_order import SubmitOutcome


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


def execute_plans(*, context: ExecutionContext, gate: EntryGate, equity: EquityLog) -> ExecutionSummary:
    """Claim, gate, submit, protect, record. May be killed anywhere and run again by anybody."""
    by = context.limits.entries_by
    claim = claim_plans(plans=context.ledger, clock=context.clock, run_id=context.run_id, entries_by=by)
    if claim.plans:
        ensure_day_start(trading=context.trading, equity=equity, now=context.clock.now())
    gated = gate_plans(context=context, gate=gate, plans=claim.plans)
    submitted = submit_entries(context=context, intents=gated.admitted)
    protected = protect_positions(context=context, plans=claim.plans)
    outcomes = record_outcomes(context=context, protected=protected)
    return ExecutionSummary(claim, gated, submitted, protected, outcomes)
