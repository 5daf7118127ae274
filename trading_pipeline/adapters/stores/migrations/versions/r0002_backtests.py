"""Finished backtests and their trades, for databases that were made before these tables existed."""

from alembic import op

from trading_pipeline.adapters.stores.tables import backtest_runs, backtest_trades, metadata

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create what the first revision has not; it creates every table that it knows."""
    metadata.create_all(op.get_bind(), tables=[backtest_runs, backtest_trades])


def downgrade() -> None:
    """Drop both tables."""
    metadata.drop_all(op.get_bind(), tables=[backtest_runs, backtest_trades])
