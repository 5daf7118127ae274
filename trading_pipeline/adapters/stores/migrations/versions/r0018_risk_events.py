"""What the gate refused, reduced and warned of is kept with its numbers, and a scope may be halted in several ways."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

_APPEND_ONLY = """
CREATE TRIGGER risk_events_append_only BEFORE UPDATE OR DELETE ON trading.risk_events
FOR EACH ROW EXECUTE FUNCTION trading.refuse_change()
"""


def upgrade() -> None:
    """Every halt so far was set by a person or by reconciliation, and stands until a person lifts it."""
    op.add_column("halts", sa.Column("kind", sa.Text(), nullable=False, server_default="halt"), schema="trading")
    op.add_column("halts", sa.Column("until", sa.DateTime(timezone=True)), schema="trading")
    _key("scope", "kind")
    op.create_table(
        "risk_events",
        sa.Column("event_id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("plan_id", sa.Text(), sa.ForeignKey("trading.trade_plans.plan_id")),
        sa.Column("instrument_id", sa.Text()),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("value", sa.Numeric()),
        sa.Column("limit", sa.Numeric()),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.clock_timestamp()),
        schema="trading",
    )
    op.create_index(
        "risk_events_by_plan",
        "risk_events",
        ["plan_id"],
        schema="trading",
        postgresql_where=sa.text("plan_id IS NOT NULL"),
    )
    op.create_index("risk_events_by_time", "risk_events", ["account_id", "at"], schema="trading")
    op.execute(_APPEND_ONLY)
    _index_what_the_gate_reads()


def _index_what_the_gate_reads() -> None:
    """It is waited for, so nothing that it asks may grow with the ledger."""
    op.create_index("positions_by_close", "positions", ["account_id", "closed_at"], schema="trading")
    op.create_index(
        "positions_stopped",
        "positions",
        ["account_id", "instrument_id", "timeframe", "closed_at"],
        schema="trading",
        postgresql_where=sa.text("exit_reason = 'stop_loss'"),
    )
    op.create_index("fills_by_order", "fills", ["order_link_id"], schema="trading")


def downgrade() -> None:
    """Drop it all; what the account set for itself ends with it, as no earlier version would lift it."""
    op.drop_index("fills_by_order", "fills", schema="trading")
    op.drop_index("positions_stopped", "positions", schema="trading")
    op.drop_index("positions_by_close", "positions", schema="trading")
    op.drop_table("risk_events", schema="trading")
    # Before the key loses the kind, which alone tells them from a person's halt of the same scope.
    op.execute("DELETE FROM trading.halts WHERE kind <> 'halt'")
    _key("scope")
    op.drop_column("halts", "until", schema="trading")
    op.drop_column("halts", "kind", schema="trading")


def _key(*columns: str) -> None:
    op.drop_constraint("halts_pkey", "halts", schema="trading", type_="primary")
    op.create_primary_key("halts_pkey", "halts", list(columns), schema="trading")
