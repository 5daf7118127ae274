"""What keeping the system going leaves behind, in the schema ``trading``: alerts, changed limits, files that wait."""

from sqlalchemy import ARRAY, BigInteger, Boolean, Column, Identity, Index, LargeBinary, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from trading_pipeline.adapters.stores.postgres.columns import written_at
from trading_pipeline.adapters.stores.postgres.tables import metadata

notifications = Table(
    "notifications",
    metadata,
    Column("notification_id", BigInteger, Identity(), primary_key=True),
    Column("severity", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("body", Text, nullable=False),
    written_at("told_at"),
    Index("notifications_by_time", "told_at", "notification_id"),
)
"""Append-only, which a trigger enforces; a row may be removed once it is 30 days old. Every alert that any process
raised. That a way did not take one is an alert to the others, and so a row, too."""

limit_changes = Table(
    "limit_changes",
    metadata,
    Column("change_id", BigInteger, Identity(), primary_key=True),
    Column("key", Text, nullable=False),
    Column("before", JSONB, nullable=False),
    Column("after", JSONB, nullable=False),
    Column("stands", Boolean, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("request_id", Text, nullable=False),
    written_at("changed_at"),
    Index("limit_changes_by_key", "key", "change_id"),
)
"""Append-only, which a trigger enforces: a limit of ``risk.yaml`` that somebody changed while everything ran. The
newest row of a key decides: where it ``stands``, ``after`` lies over the file, else the file decides again."""

bar_uploads = Table(
    "bar_uploads",
    metadata,
    Column("upload_id", Text, primary_key=True),
    Column("filename", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("symbol", Text, nullable=False),
    Column("timeframe", Text, nullable=False),
    Column("bars", BigInteger, nullable=False),
    Column("recognised", ARRAY(Text), nullable=False),
    Column("actor", Text, nullable=False),
    written_at("uploaded_at"),
    Index("bar_uploads_by_time", "uploaded_at", "upload_id"),
)
"""Files of bars that somebody brought over HTTP, until their bars are taken, or for a week; a megabyte each at most."""
