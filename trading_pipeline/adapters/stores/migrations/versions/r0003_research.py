"""Setups, triggers and pivots of divergence signals, and calibrations."""

from alembic import op

from trading_pipeline.adapters.stores.research_tables import avi5_calibrations, pivots, setups, triggers
from trading_pipeline.adapters.stores.tables import metadata

revision = "0003"
down_revision = "0002"

_TABLES = [setups, triggers, pivots, avi5_calibrations]


def upgrade() -> None:
    """Create the tables."""
    metadata.create_all(op.get_bind(), tables=_TABLES)


def downgrade() -> None:
    """Drop them."""
    metadata.drop_all(op.get_bind(), tables=_TABLES)
