"""The gate's transaction, halts and found differences in PostgreSQL."""

from datetime import datetime

from sqlalchemy import Connection, Engine, Text, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from trading_pipeline.adapters.stores.execution.gate_facts import facts_of, read_halts
from trading_pipeline.adapters.stores.execution.ledger_rows import (
    intent_query,
    intent_values,
    new_position_values,
    record_of,
)
from trading_pipeline.adapters.stores.execution.risk_events import append_events, events_of
from trading_pipeline.adapters.stores.postgres.database import reading
from trading_pipeline.adapters.stores.postgres.tables import (
    halts,
    order_intents,
    positions,
    trade_plans,
)
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.halts import Halt, HaltKind, HaltScope
from trading_pipeline.domain.model.identity import AccountId
from trading_pipeline.domain.model.orders import Purpose, order_link_id
from trading_pipeline.domain.model.plans import PlanStatus, TradePlan
from trading_pipeline.domain.risk.entry import EntryVerdict
from trading_pipeline.domain.risk.finding import Finding
from trading_pipeline.domain.risk.rules.plan_rules import NotExpired
from trading_pipeline.ports.stores.execution.risk_store import Decide, EntryGate, HaltRegister


class PostgresEntryGate(EntryGate):
    """An advisory lock is the account's lease."""

    def __init__(self, engine: Engine, account_id: AccountId) -> None:
        self._engine = engine
        self._account_id = account_id

    def admit(self, plan: TradePlan, currency: str, run_id: str, now: datetime, decide: Decide) -> EntryVerdict:
        """Lock the account, look whether it is decided, read the facts, decide, store."""
        with self._engine.begin() as connection:
            # Held until the commit: two runs that read the same facts would each fill the last place in the account.
            connection.execute(_LOCK, {"account": f"entry_gate {self._account_id}"})
            decided = _decided(connection, plan.plan_id, run_id)
            if decided is not None:
                return decided
            facts = facts_of(connection, self._account_id, currency, plan, now)
            decision = decide(facts)
            # Nothing is written: the plan is asked about again when the other is closed, and then has no answer yet.
            if decision.replaces:
                return EntryVerdict(plan.plan_id, None, findings=decision.findings, replaces=decision.replaces)
            append_events(connection, self._account_id, decision.findings, run_id, now, plan)
            # As they are read when the question is asked again.
            findings = events_of(connection, plan.plan_id) if decision.findings else ()
            denial = decision.denial
            if denial is not None:
                _deny(connection, plan.plan_id, denial)
                return EntryVerdict(plan.plan_id, None, denial.rule, denial.sentence, findings)
            intent = decision.intent
            if intent is None or intent.stop_loss is None:
                raise ConfigurationError(f"the gate admitted plan {plan.plan_id} without an order that has a stop")
            if facts.adds_to is None:
                values = new_position_values(plan, self._account_id, currency, intent.stop_loss)
                connection.execute(insert(positions), {**values, "run_id": run_id})
            # Position and intent are stored together, the position first: the intent refers to it.
            position_id = plan.plan_id if facts.adds_to is None else facts.adds_to.position_id
            entries = [intent] if facts.adds_to is not None else [intent, *decision.levels]
            rows = [{**intent_values(one), "position_id": position_id} for one in entries]
            connection.execute(insert(order_intents), rows)
        return EntryVerdict(plan.plan_id, intent, findings=findings)


class PostgresHaltRegister(HaltRegister):
    """``halts``."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def halt(self, halt: Halt) -> bool:
        """Insert unless the scope is halted; what stands may begin to flatten."""
        row = {
            "scope": halt.scope,
            "account_id": halt.scope.account_id,
            "instrument_id": halt.scope.instrument_id,
            "reason": halt.reason,
            "since": halt.since,
            "flatten": halt.flatten,
            "run_id": halt.run_id,
            "kind": halt.kind.value,
            "until": halt.until,
        }
        with self._engine.begin() as connection:
            # What stands keeps its reason and its time: who halted first is what an operator has to know.
            added = connection.execute(insert(halts).values(**row).on_conflict_do_nothing().returning(halts.c.scope))
            new = added.first() is not None
            # Never the other way round: a halt that only stops entries does not call a flattening off.
            if not new and halt.flatten:
                same = (halts.c.scope == halt.scope, halts.c.kind == halt.kind.value)
                connection.execute(update(halts).where(*same).values(flatten=True))
            return new

    def lift(self, scope: HaltScope, *kinds: HaltKind) -> bool:
        """Delete the scope's rows of those kinds."""
        # Where none are named the circuit breaker stays: it ends with its day and not by hand.
        lifted = [kind.value for kind in kinds or (kind for kind in HaltKind if not kind.of_circuit)]
        # Looked at first: the watchdog asks every second, and mostly nothing stands.
        if not any(one.scope == scope and one.kind.value in lifted for one in self.halts()):
            return False
        with self._engine.begin() as connection:
            gone = connection.execute(
                delete(halts).where(halts.c.scope == scope, halts.c.kind.in_(lifted)).returning(halts.c.scope)
            )
            return gone.first() is not None

    def end(self, account_id: AccountId, now: datetime) -> list[Halt]:
        """Delete the account's rows whose time is over."""
        mine = HaltScope.of(account_id)
        # Looked at first: mostly nothing ends, and an entry waits for the answer.
        if not any(one.scope == mine and not one.stands(now) for one in self.halts()):
            return []
        with self._engine.begin() as connection:
            over = [one for one in read_halts(connection) if one.scope == mine and not one.stands(now)]
            for one in over:
                connection.execute(delete(halts).where(halts.c.scope == one.scope, halts.c.kind == one.kind.value))
        return over

    def halts(self) -> list[Halt]:
        """All rows, oldest first."""
        with reading(self._engine) as connection:
            return read_halts(connection)


# Built once: putting them together takes longer than PostgreSQL takes to answer them.
_LOCK = select(func.pg_advisory_xact_lock(func.hashtextextended(bindparam("account", type_=Text), 0)))
_CLAIM = (
    intent_query()
    .add_columns(trade_plans.c.status.label("plan_status"), trade_plans.c.claimed_by, trade_plans.c.status_reason)
    .select_from(trade_plans)
    .join(order_intents, order_intents.c.order_link_id == bindparam("link_id", type_=Text), isouter=True)
    .where(trade_plans.c.plan_id == bindparam("plan_id", type_=Text))
    .with_for_update(of=trade_plans)
)


def _decided(connection: Connection, plan_id: str, run_id: str) -> EntryVerdict | None:
    """The answer given before, or that the plan is not this run's to decide; ``None`` when it is open."""
    # Locked, so that nobody takes the claim over while it is judged.
    row = connection.execute(_CLAIM, {"plan_id": plan_id, "link_id": order_link_id(plan_id, Purpose.ENTRY)}).one()
    # Before the status: a run that died after the intent was written has to go on with that very order.
    if row.order_link_id is not None:
        return EntryVerdict(plan_id, record_of(row).intent, findings=events_of(connection, plan_id))
    if row.plan_status == PlanStatus.CLAIMED.value and row.claimed_by == run_id:
        return None
    if row.plan_status in (PlanStatus.DENIED.value, PlanStatus.EXPIRED.value):
        # Taken apart as ``_deny`` put it together, so that a retry answers word for word as the run before it.
        rule, _, reason = str(row.status_reason).partition(": ")
        return EntryVerdict(plan_id, None, rule, reason, events_of(connection, plan_id))
    held = f"the plan is {row.plan_status}, held by run {row.claimed_by or 'none'}"
    return EntryVerdict(plan_id, None, "claim", held)


def _deny(connection: Connection, plan_id: str, denial: Finding) -> None:
    status = PlanStatus.EXPIRED if denial.rule == NotExpired.name else PlanStatus.DENIED
    connection.execute(
        update(trade_plans)
        .where(trade_plans.c.plan_id == plan_id)
        .values(status=status.value, status_reason=f"{denial.rule}: {denial.sentence}")
    )
