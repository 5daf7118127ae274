"""Changed limits in PostgreSQL."""

from collections.abc import Sequence

from sqlalchemy import Connection, Engine, Row, func, insert, select
from sqlalchemy.dialects.postgresql import distinct_on

from trading_pipeline.adapters.stores.operations.audit_trail import append_to_chain
from trading_pipeline.adapters.stores.postgres.database import reading
from trading_pipeline.adapters.stores.postgres.operations_tables import limit_changes
from trading_pipeline.domain.model.audit import AuditEntry
from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.limit_changes import LimitChange, StandingChange
from trading_pipeline.ports.stores.operations.limit_changes import LimitChanges

_LOCK = 7_013_011
"""Number of the advisory lock that writers take in turn; any that nobody else uses."""
_OF_CHANGE = ("key", "before", "after", "stands", "actor", "reason", "request_id")


class PostgresLimitChanges(LimitChanges):
    """``trading.limit_changes``; a trigger refuses every change of a row."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def values(self) -> dict[str, object]:
        """What lies over the file, by key."""
        return {one.change.key: one.change.after for one in self.standing()}

    def standing(self) -> Sequence[StandingChange]:
        """The newest row of each key, where it stands."""
        table = limit_changes.c
        newest = select(limit_changes).ext(distinct_on(table.key)).order_by(table.key, table.change_id.desc())
        with reading(self._engine) as connection:
            rows = [row for row in connection.execute(newest) if row.stands]
        return [StandingChange(row.change_id, _change(row), row.changed_at) for row in rows]

    def newest(self) -> int:
        """Of the identity column."""
        with reading(self._engine) as connection:
            return _newest(connection)

    def append(self, changes: Sequence[LimitChange], after: int) -> None:
        """In one transaction, one writer at a time."""
        with self._engine.begin() as connection:
            connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
            if _newest(connection) != after:
                raise DataError("somebody changed a limit meanwhile; look at what is in force, and ask again")
            for change in changes:
                row = {name: getattr(change, name) for name in _OF_CHANGE}
                connection.execute(insert(limit_changes), row)
                append_to_chain(connection, _on_the_trail(change))


def _newest(connection: Connection) -> int:
    return int(connection.execute(select(func.coalesce(func.max(limit_changes.c.change_id), 0))).scalar_one())


def _change(row: Row[tuple[object, ...]]) -> LimitChange:
    return LimitChange(**{name: getattr(row, name) for name in _OF_CHANGE})


def _on_the_trail(change: LimitChange) -> AuditEntry:
    return AuditEntry(
        change.actor,
        "limit.change" if change.stands else "limit.reset",
        change.key,
        "done",
        change.request_id,
        change.reason,
        {"value": change.before},
        {"value": change.after},
    )
