"""The steps of an execution run. Each may die at any line and be run again: intents make it safe."""

from datetime import datetime

import dagster as dg

from trading_pipeline.adapters.stores.execution.ledger_trail import Written
from trading_pipeline.defs.execution.asked_again import asked_again
from trading_pipeline.defs.execution.told import tell_equity, tell_ledger
from trading_pipeline.domain.model.accounts import Wallet
from trading_pipeline.domain.model.plans import Claim, TradePlan
from trading_pipeline.resources.venue import ExecutionResource
from trading_pipeline.services.accounting.record_equity import ensure_day_start, record_equity
from trading_pipeline.services.execution.claim_plans import claim_plans
from trading_pipeline.services.execution.execute_plans import protect_positions, record_outcomes, submit_entries
from trading_pipeline.services.execution.follow_fills import follow_fills
from trading_pipeline.services.execution.gate_plans import GateResult, gate_plans
from trading_pipeline.services.execution.manage_positions import manage_positions
from trading_pipeline.services.execution.protect_position import ProtectResult
from trading_pipeline.services.execution.watch_venue import watch_venue


@dg.op(ins={"managed": dg.In(dg.Nothing)})
@asked_again
def claim(context: dg.OpExecutionContext, execution: ExecutionResource) -> Claim:
    """Take the plans that this run executes; after positions were looked after, where the run does both."""
    trading = execution.context
    by = trading.limits.entries_by
    claimed = claim_plans(plans=trading.ledger, clock=trading.clock, run_id=trading.run_id, entries_by=by)
    context.add_output_metadata(
        {
            "plans": [plan.plan_id for plan in claimed.plans],
            "planned_by": dg.MetadataValue.md("\n".join(f"- {_described(plan)}" for plan in claimed.plans)),
            "expired": list(claimed.expired),
        }
    )
    return claimed


def _described(plan: TradePlan) -> str:
    """What led to the plan, and how good it looked."""
    score = f"score {plan.score}" if plan.scoring is None else f"score {plan.score} ({plan.scoring})"
    return (
        f"{plan.instrument_id} {plan.timeframe} bar of {plan.close_time:%Y-%m-%d %H:%M} UTC, {plan.bias}, "
        f"strategy {plan.strategy} {plan.strategy_version}, {score}, {plan.setup_id or 'no setup'}"
    )


def _equity(wallet: Wallet) -> dict[str, float]:
    """Equity by currency, each in itself: USDT in USDT. A float is for the page alone, the ledger's is exact."""
    return {currency: float(held.equity) for currency, held in wallet.balances.items()}


def unanswered(execution: ExecutionResource) -> set[str]:
    """Positions with fills that wait for their answer; those that are missing afterwards got theirs."""
    return execution.trail.unanswered(execution.context.account_id)


@dg.op
@asked_again
def gate(context: dg.OpExecutionContext, execution: ExecutionResource, claimed: Claim) -> GateResult:
    """Admit or deny each plan; an admitted one leaves with its entry intent written."""
    trading = execution.context
    if claimed.plans:
        # Before any plan is judged: the daily loss is measured from the day's first equity, which has to be on record.
        ensure_day_start(trading=trading.trading, equity=execution.equity, now=trading.clock.now())
    result = gate_plans(context=trading, gate=execution.gate, plans=claimed.plans)
    context.add_output_metadata(
        {
            "admitted": [intent.order_link_id for intent in result.admitted],
            "denied": {verdict.plan_id: f"{verdict.rule}: {verdict.reason}" for verdict in result.denied},
            "found": [f"{one.rule}: {one.action}: {one.sentence}" for one in result.noted],
        }
    )
    return result


@dg.op
@asked_again
def submit(context: dg.OpExecutionContext, execution: ExecutionResource, gated: GateResult) -> GateResult:
    """Send the entries, each with its stop attached."""
    outcomes = submit_entries(context=execution.context, intents=gated.admitted)
    if outcomes:
        # At once and not with the next reconciliation: the next run's entries are judged by how these fared.
        watch_venue(context=execution.context, health=execution.entry_health, events=execution.risk_events)
    context.add_output_metadata(
        {"orders": {outcome.order_link_id: f"{outcome.state} {outcome.reason}".strip() for outcome in outcomes}}
    )
    return gated


@dg.op
@asked_again
def protect(
    context: dg.OpExecutionContext, execution: ExecutionResource, claimed: Claim, submitted: GateResult
) -> list[ProtectResult]:
    """See the entries through, prove the stops, place the take profits."""
    del submitted  # orders the steps
    results = list(protect_positions(context=execution.context, plans=claimed.plans))
    context.add_output_metadata(
        {
            "protection": {result.instrument_id: str(result.protection) for result in results},
            "targets": {target.order_link_id: str(target.state) for result in results for target in result.targets},
        }
    )
    return results


@dg.op
@asked_again
def record(context: dg.OpExecutionContext, execution: ExecutionResource, protected: list[ProtectResult]) -> None:
    """Give every plan its final status and read the account's money."""
    outcomes = record_outcomes(context=execution.context, protected=protected)
    # Read last: the money after everything that this run did.
    wallet = record_equity(trading=execution.context.trading, equity=execution.equity)
    context.add_output_metadata(
        {"plans": {plan: str(status) for plan, status in outcomes.items()}, "equity": _equity(wallet)}
    )
    tell_ledger(context, execution.trail.rows(Written(plans=list(outcomes))))
    tell_equity(context, wallet)


class Wave(dg.Config):
    """Which closing instant to manage positions for."""

    close_time: str
    """ISO 8601, UTC."""


@dg.op
@asked_again
def manage(context: dg.OpExecutionContext, execution: ExecutionResource, config: Wave) -> None:
    """Settle orders, prove and move stops, cancel what closed positions left behind."""
    # Asked before and after: what no longer waits was answered by this run, whichever step of it did so.
    waiting = unanswered(execution)
    result = manage_positions(
        context=execution.context,
        indicators=execution.indicators,
        wave=datetime.fromisoformat(config.close_time),
        finest=execution.parameters.universe.finest,
    )
    wallet = record_equity(trading=execution.context.trading, equity=execution.equity)
    context.add_output_metadata(
        {
            "positions": {one.instrument_id: one.action for one in result.positions},
            "settled": {link: str(state) for link, state in result.settled.settled.items()},
            "equity": _equity(wallet),
        }
    )
    moved = [*result.settled.settled, *result.leftovers.cancelled]
    written = Written(
        context.run_id,
        orders=moved,
        positions=result.changed,
        answered=waiting - unanswered(execution),
    )
    tell_ledger(context, execution.trail.rows(written))
    tell_equity(context, wallet)


@dg.op
@asked_again
def follow(context: dg.OpExecutionContext, execution: ExecutionResource) -> None:
    """Answer fills: prove stops, place missing targets, pull stops to where the filled targets allow."""
    waiting = unanswered(execution)
    result = follow_fills(context=execution.context)
    context.add_output_metadata(
        {
            "positions": result.positions,
            "settled": {link: str(state) for link, state in result.settled.settled.items()},
            "cancelled": list(result.leftovers.cancelled),
        }
    )
    moved = [*result.settled.settled, *result.leftovers.cancelled]
    written = Written(context.run_id, orders=moved, answered=waiting - unanswered(execution))
    tell_ledger(context, execution.trail.rows(written))
