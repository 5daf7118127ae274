"""Signals know whether a wave found them: those that a backfill alone found close no position."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_ACTED_UPON = """
UPDATE trading.signals SET live = true
WHERE EXISTS (SELECT FROM trading.trade_plans AS plan WHERE plan.signal_id = signals.signal_id
              AND plan.status <> 'historical')
   OR EXISTS (SELECT FROM trading.order_intents AS intent WHERE intent.signal_id = signals.signal_id)
"""


def upgrade() -> None:
    """Add the column. Which run stored a signal is not known any more; the next wave finds those of its day again."""
    op.add_column("signals", sa.Column("live", sa.Boolean(), nullable=False, server_default="false"), schema="trading")
    op.execute(_ACTED_UPON)


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("signals", "live", schema="trading")
