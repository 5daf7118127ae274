"""Results in R are net of fees and funding, with the gross ones beside them."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_TELL_NET = """
UPDATE trading.backtest_trades SET
    gross_pnl_r = pnl_r,
    pnl_r = CASE
        WHEN pnl_r <> 0 THEN pnl_r * pnl_usdt / (pnl_usdt + fees_usdt + funding_usdt)
        ELSE pnl_usdt / nullif(abs(entry_price - stop_price) * quantity, 0)
    END
WHERE pnl_r IS NOT NULL
"""


def upgrade() -> None:
    """Add the column and tell net what stored trades told gross; the money at risk is gross over gross R.

    Figures of stored runs stay as their ``code_version`` computed them.
    """
    op.add_column("backtest_trades", sa.Column("gross_pnl_r", sa.Numeric()), schema="trading")
    op.execute(_TELL_NET)


def downgrade() -> None:
    """Tell R gross again and drop the column."""
    op.execute("UPDATE trading.backtest_trades SET pnl_r = gross_pnl_r")
    op.drop_column("backtest_trades", "gross_pnl_r", schema="trading")
