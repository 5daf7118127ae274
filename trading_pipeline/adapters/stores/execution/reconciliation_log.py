"""The history of differences in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, Engine, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from trading_pipeline.adapters.stores.postgres.database import reading
from trading_pipeline.adapters.stores.postgres.tables import reconciliation_log
from trading_pipeline.domain.model.identity import AccountId, InstrumentId
from trading_pipeline.domain.risk.differences import Difference, DifferenceKey, DifferenceKind
from trading_pipeline.ports.stores.execution.reconciliation_log import ReconciliationLog

_log = reconciliation_log.c


class PostgresReconciliationLog(ReconciliationLog):
    """``reconciliation_log`` of one account."""

    def __init__(self, engine: Engine, account_id: AccountId) -> None:
        self._engine = engine
        self._account_id = account_id

    def keep(self, differences: Sequence[Difference], run_id: str, at: datetime) -> tuple[Difference, ...]:
        """One transaction, so that no reader finds a difference both standing and gone."""
        with self._engine.begin() as connection:
            for one in differences:
                self._see(connection, one, run_id, at)
            return self._end(connection, differences, run_id, at)

    def seen(self, times: int) -> set[DifferenceKey]:
        """A row counts its sightings, and one that was gone begins anew."""
        standing = _log.account_id == self._account_id, _log.gone_at.is_(None), _log.sightings >= times
        query = select(_log.instrument_id, _log.kind, _log.subject).where(*standing)
        with reading(self._engine) as connection:
            return {
                (InstrumentId(row.instrument_id), DifferenceKind(row.kind), row.subject)
                for row in connection.execute(query)
            }

    def note(self, difference: Difference, words: str) -> None:
        """Behind what was seen."""
        noted = update(reconciliation_log).where(
            _log.account_id == self._account_id,
            _log.gone_at.is_(None),
            _log.instrument_id == difference.instrument_id,
            _log.kind == difference.kind.value,
            _log.subject == difference.subject,
        )
        with self._engine.begin() as connection:
            connection.execute(noted.values(detail=f"{difference.detail}; {words}"))

    def _see(self, connection: Connection, one: Difference, run_id: str, at: datetime) -> None:
        row = {
            "account_id": self._account_id,
            "instrument_id": one.instrument_id,
            "kind": one.kind.value,
            "subject": one.subject,
            "detail": one.detail,
            "run_id": run_id,
            "found_at": at,
            "last_seen_at": at,
        }
        # The run and the time that saw it first stay: they begin its life.
        again = {"detail": one.detail, "last_seen_at": at, "sightings": _log.sightings + 1}
        standing = ["account_id", "instrument_id", "kind", "subject"]
        connection.execute(
            insert(reconciliation_log)
            .values(**row)
            # The index has standing rows alone, so that one which was gone and comes back is a life of its own.
            .on_conflict_do_update(index_elements=standing, index_where=_log.gone_at.is_(None), set_=again)
        )

    def _end(
        self, connection: Connection, differences: Sequence[Difference], run_id: str, at: datetime
    ) -> tuple[Difference, ...]:
        # Without any, SQLAlchemy makes the condition true for every row, and all that stood is over.
        seen = [(one.instrument_id, one.kind.value, one.subject) for one in differences]
        ended = connection.execute(
            update(reconciliation_log)
            .where(
                _log.account_id == self._account_id,
                _log.gone_at.is_(None),
                tuple_(_log.instrument_id, _log.kind, _log.subject).not_in(seen),
            )
            .values(gone_at=at, gone_run_id=run_id)
            .returning(_log.instrument_id, _log.kind, _log.detail, _log.subject)
        )
        return tuple(
            Difference(
                self._account_id, InstrumentId(row.instrument_id), DifferenceKind(row.kind), row.detail, row.subject
            )
            for row in ended
        )
