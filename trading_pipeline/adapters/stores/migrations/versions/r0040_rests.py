"""A rest says when it is over, and when a side of an instrument was last left is found without reading the ledger."""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"


def upgrade() -> None:
    """Add the column and the index; what was found before says it in its sentence."""
    op.add_column("risk_events", sa.Column("until", sa.DateTime(timezone=True)), schema="trading")
    op.create_index(
        "positions_by_side", "positions", ["account_id", "instrument_id", "bias", "closed_at"], schema="trading"
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_index("positions_by_side", "positions", schema="trading")
    op.drop_column("risk_events", "until", schema="trading")
