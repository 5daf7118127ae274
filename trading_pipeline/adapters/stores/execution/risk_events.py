"""``risk_events`` in PostgreSQL: what rules found, for good."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, Engine, Row, insert, select

from trading_pipeline.adapters.stores.postgres.database import reading
from trading_pipeline.adapters.stores.postgres.tables import risk_events
from trading_pipeline.domain.model.identity import AccountId
from trading_pipeline.domain.model.plans import TradePlan
from trading_pipeline.domain.risk.finding import Action, Finding
from trading_pipeline.ports.stores.execution.risk_store import RiskEventLog


class PostgresRiskEventLog(RiskEventLog):
    """The events of one account that belong to no plan."""

    def __init__(self, engine: Engine, account_id: AccountId, run_id: str = "") -> None:
        """Write in the name of a run; empty for a process that is none."""
        self._engine = engine
        self._account_id = account_id
        self._run_id = run_id

    def append(self, findings: Iterable[Finding], at: datetime) -> None:
        """One row per finding."""
        with self._engine.begin() as connection:
            append_events(connection, self._account_id, findings, self._run_id, at)

    def newest(self, rule: str) -> Finding | None:
        """By the order of writing."""
        event = risk_events.c
        mine = event.account_id == self._account_id, event.rule == rule, event.plan_id.is_(None)
        query = select(risk_events).where(*mine).order_by(event.event_id.desc()).limit(1)
        with reading(self._engine) as connection:
            row = connection.execute(query).first()
        return None if row is None else _finding(row)


def append_events(
    connection: Connection,
    account_id: AccountId,
    findings: Iterable[Finding],
    run_id: str,
    at: datetime,
    plan: TradePlan | None = None,
) -> None:
    """Write a row per finding in the caller's transaction.

    :param at: venue time, UTC.
    """
    rows = [
        {
            "account_id": account_id,
            "plan_id": None if plan is None else plan.plan_id,
            "instrument_id": None if plan is None else plan.instrument_id,
            "rule": finding.rule,
            "action": finding.action.value,
            "value": finding.value,
            "limit": finding.limit,
            "sentence": finding.sentence,
            "until": finding.until,
            "run_id": run_id,
            "at": at,
        }
        for finding in findings
    ]
    # SQLAlchemy takes an empty list for no parameters at all, which would be another statement.
    if rows:
        connection.execute(insert(risk_events), rows)


def events_of(connection: Connection, plan_id: str) -> tuple[Finding, ...]:
    """What was found about a plan, in the order it was; what a reduction left is in the order itself."""
    rows = connection.execute(
        select(risk_events).where(risk_events.c.plan_id == plan_id).order_by(risk_events.c.event_id)
    )
    return tuple(_finding(row) for row in rows)


def _finding(row: Row[tuple[object, ...]]) -> Finding:
    return Finding(row.rule, Action(row.action), row.sentence, row.value, row.limit, until=row.until)
