"""What keeping the system going leaves behind, in the schema ``trading``: alerts."""

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, Table, Text, func

from trading_pipeline.adapters.stores.postgres.tables import metadata


def _written_at(name: str) -> Column[object]:
    """Wall time of the insert, as the database server sees it."""
    return Column(name, DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp())


notifications = Table(
    "notifications",
    metadata,
    Column("notification_id", BigInteger, Identity(), primary_key=True),
    Column("severity", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("body", Text, nullable=False),
    _written_at("told_at"),
    Index("notifications_by_time", "told_at", "notification_id"),
)
"""Append-only, which a trigger enforces: every alert that any process raised. That a way did not take one is an alert
to the others, and so a row, too."""
