"""Signals enter or leave, plans say by what they are left and how they score, exits which signal asked for them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"

_HAVE_A_STOP = "signals_entries_have_a_stop"


def upgrade() -> None:
    """Every signal stored so far is an entry; plans stored so far leave by the defaults."""
    op.add_column("signals", sa.Column("kind", sa.Text(), nullable=False, server_default="entry"), schema="trading")
    op.alter_column("signals", "kind", server_default=None, schema="trading")
    op.alter_column("signals", "stop_price", nullable=True, schema="trading")
    op.create_check_constraint(_HAVE_A_STOP, "signals", "(kind = 'entry') = (stop_price IS NOT NULL)", schema="trading")
    document = postgresql.JSONB(astext_type=sa.Text())
    op.add_column("trade_plans", sa.Column("exit_rules", document), schema="trading")
    op.add_column("trade_plans", sa.Column("scoring", document), schema="trading")
    op.add_column("order_intents", sa.Column("signal_id", sa.Text()), schema="trading")
    op.create_foreign_key(
        None,
        "order_intents",
        "signals",
        ["signal_id"],
        ["signal_id"],
        source_schema="trading",
        referent_schema="trading",
    )
    op.create_index(
        "order_intents_by_signal",
        "order_intents",
        ["signal_id"],
        schema="trading",
        postgresql_where=sa.text("signal_id IS NOT NULL"),
    )


def downgrade() -> None:
    """Exits have no place in the older schema."""
    op.drop_column("order_intents", "signal_id", schema="trading")
    op.drop_column("trade_plans", "scoring", schema="trading")
    op.drop_column("trade_plans", "exit_rules", schema="trading")
    op.execute("DELETE FROM trading.signals WHERE kind = 'exit'")
    op.drop_constraint(_HAVE_A_STOP, "signals", schema="trading")
    op.alter_column("signals", "stop_price", nullable=False, schema="trading")
    op.drop_column("signals", "kind", schema="trading")
