"""The audit trail in PostgreSQL."""

from collections.abc import Iterator
from datetime import UTC, datetime

from sqlalchemy import Connection, Engine, Row, func, insert, select

from trading_pipeline.adapters.stores.postgres.access_tables import audit_trail
from trading_pipeline.adapters.stores.postgres.database import reading
from trading_pipeline.domain.model.audit import GENESIS, AuditEntry, AuditRecord, link
from trading_pipeline.ports.stores.operations.audit_trail import AuditTrail

_CHAIN_LOCK = 7_013_001
"""Number of the advisory lock that writers of the chain take in turn; any that nobody else uses."""
_PORTION = 1_000
_OF_ENTRY = ("actor", "action", "subject", "outcome", "request_id", "detail", "before", "after")


class PostgresAuditTrail(AuditTrail):
    """``trading.audit_trail``; its triggers refuse every change."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def append(self, entry: AuditEntry) -> None:
        """One transaction of its own."""
        with self._engine.begin() as connection:
            append_to_chain(connection, entry)

    def records(self) -> Iterator[AuditRecord]:
        """In portions by number."""
        newest = 0
        while portion := self._after(newest):
            yield from portion
            newest = portion[-1].number

    def _after(self, number: int) -> list[AuditRecord]:
        table = audit_trail.c
        query = select(audit_trail).where(table.number > number).order_by(table.number).limit(_PORTION)
        with reading(self._engine) as connection:
            return [_record_of(row) for row in connection.execute(query)]


def _record_of(row: Row[tuple[object, ...]]) -> AuditRecord:
    entry = AuditEntry(**{name: getattr(row, name) for name in _OF_ENTRY})
    return AuditRecord(row.number, row.written_at, entry, row.digest)


def append_to_chain(connection: Connection, entry: AuditEntry) -> None:
    """Write the next record within a transaction that is open: what it tells and it itself are stored together.

    Nobody else can append until that transaction ends.
    """
    connection.execute(select(func.pg_advisory_xact_lock(_CHAIN_LOCK)))
    newest = select(audit_trail.c.number, audit_trail.c.digest).order_by(audit_trail.c.number.desc()).limit(1)
    before = connection.execute(newest).first()
    number, previous = (before.number + 1, before.digest) if before else (1, GENESIS)
    # By the server's clock, read back as it will be read: the digest is of what is stored.
    written_at: datetime = connection.execute(select(func.clock_timestamp())).scalar_one().astimezone(UTC)
    row = {name: getattr(entry, name) for name in _OF_ENTRY} | {
        "before": dict(entry.before),
        "after": dict(entry.after),
    }
    digest = link(previous, number, written_at, entry)
    connection.execute(insert(audit_trail).values(number=number, written_at=written_at, digest=digest, **row))
