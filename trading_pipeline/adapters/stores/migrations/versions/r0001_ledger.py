"""The first schema: bars, checks, signals, plans, intents, fills, positions."""

from alembic import op

from trading_pipeline.adapters.stores.tables import metadata

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create every table."""
    metadata.create_all(op.get_bind())


def downgrade() -> None:
    """Drop every table."""
    metadata.drop_all(op.get_bind())
