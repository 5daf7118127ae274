"""Results in R are net of fees and funding, with the gross ones beside them; fees of positions are without funding."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_TELL_NET = """
UPDATE trading.backtest_trades SET
    gross_pnl_r = pnl_r,
    pnl_r = CASE
        WHEN abs(pnl_r) > 1e-9 THEN pnl_r * pnl_usdt / nullif(pnl_usdt + fees_usdt + funding_usdt, 0)
        ELSE pnl_usdt / nullif(abs(entry_price - stop_price) * quantity, 0)
    END
WHERE pnl_r IS NOT NULL
"""
_TAKE_FUNDING_OUT = """
UPDATE trading.positions SET funding = paid.funding, fees = fees - paid.funding
FROM (SELECT position_id, sum(fee) AS funding FROM trading.fills WHERE kind = 'funding' GROUP BY 1) AS paid
WHERE paid.position_id = positions.position_id
"""


def upgrade() -> None:
    """Add the columns, take funding out of fees, and tell net what stored backtests told gross.

    A trade's money at risk is its gross result over its gross R, or follows from its stop where it earned nothing.
    Figures of stored runs stay as their ``code_version`` computed them.
    """
    op.add_column("backtest_trades", sa.Column("gross_pnl_r", sa.Numeric()), schema="trading")
    # From the gross R that stands in the row: its money at risk is stored nowhere else.
    op.execute(_TELL_NET)
    op.add_column("positions", sa.Column("funding", sa.Numeric(), nullable=False, server_default="0"), schema="trading")
    op.alter_column("positions", "funding", server_default=None, schema="trading")
    op.execute(_TAKE_FUNDING_OUT)


def downgrade() -> None:
    """Tell R gross again, put funding back among the fees, and drop the columns."""
    op.execute("UPDATE trading.positions SET fees = fees + funding")
    op.drop_column("positions", "funding", schema="trading")
    op.execute("UPDATE trading.backtest_trades SET pnl_r = gross_pnl_r")
    op.drop_column("backtest_trades", "gross_pnl_r", schema="trading")
