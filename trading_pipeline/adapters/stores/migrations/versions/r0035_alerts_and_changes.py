"""What the operator was told and what people changed of the limits, kept for good; and files of bars that wait."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0035"
down_revision = "0034"

_APPEND_ONLY = ("notifications", "limit_changes")


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _written_at(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False, server_default=sa.func.clock_timestamp())


def upgrade() -> None:
    """Add the tables; what was told before stands in the logs alone."""
    op.create_table(
        "notifications",
        sa.Column("notification_id", sa.BigInteger(), sa.Identity(), primary_key=True),
        *_texts("severity", "subject", "body"),
        _written_at("told_at"),
        schema="trading",
    )
    op.create_index("notifications_by_time", "notifications", ["told_at", "notification_id"], schema="trading")
    op.create_table(
        "limit_changes",
        sa.Column("change_id", sa.BigInteger(), sa.Identity(), primary_key=True),
        *_texts("key"),
        sa.Column("before", JSONB(), nullable=False),
        sa.Column("after", JSONB(), nullable=False),
        sa.Column("stands", sa.Boolean(), nullable=False),
        *_texts("actor", "reason", "request_id"),
        _written_at("changed_at"),
        schema="trading",
    )
    op.create_index("limit_changes_by_key", "limit_changes", ["key", "change_id"], schema="trading")
    op.create_table(
        "bar_uploads",
        sa.Column("upload_id", sa.Text(), primary_key=True),
        *_texts("filename"),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        *_texts("symbol", "timeframe"),
        sa.Column("bars", sa.BigInteger(), nullable=False),
        sa.Column("recognised", sa.ARRAY(sa.Text()), nullable=False),
        *_texts("actor"),
        _written_at("uploaded_at"),
        schema="trading",
    )
    op.create_index("bar_uploads_by_time", "bar_uploads", ["uploaded_at", "upload_id"], schema="trading")
    for table in _APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON trading.{table} "
            "FOR EACH ROW EXECUTE FUNCTION trading.refuse_change()"
        )


def downgrade() -> None:
    """Drop them; the files of the configuration decide alone again."""
    for table in ("bar_uploads", *_APPEND_ONLY):
        op.drop_table(table, schema="trading")
