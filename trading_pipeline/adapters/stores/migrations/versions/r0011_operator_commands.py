"""What operators order is kept for good, and a halt may close what is open."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

_REFUSE = """
CREATE FUNCTION trading.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$
"""
_APPEND_ONLY = """
CREATE TRIGGER operator_commands_append_only BEFORE UPDATE OR DELETE ON trading.operator_commands
FOR EACH ROW EXECUTE FUNCTION trading.refuse_change()
"""


def upgrade() -> None:
    """Add table and trigger; no halt that stands closes anything."""
    texts = ("command_id", "verb", "scope", "actor", "reason", "run_id", "outcome", "detail")
    now = sa.func.clock_timestamp()
    op.create_table(
        "operator_commands",
        sa.Column("record_id", sa.BigInteger(), sa.Identity(), primary_key=True),
        *(sa.Column(name, sa.Text(), nullable=False) for name in texts),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False, server_default=now),
        schema="trading",
    )
    op.create_index("operator_commands_by_command", "operator_commands", ["command_id"], schema="trading")
    op.execute(_REFUSE)
    op.execute(_APPEND_ONLY)
    op.execute("ALTER TABLE trading.halts ADD COLUMN flatten boolean NOT NULL DEFAULT false")


def downgrade() -> None:
    """Drop them; the record of commands is lost."""
    op.drop_column("halts", "flatten", schema="trading")
    op.drop_table("operator_commands", schema="trading")
    op.execute("DROP FUNCTION trading.refuse_change()")
