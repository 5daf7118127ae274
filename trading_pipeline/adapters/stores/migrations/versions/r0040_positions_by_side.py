"""When a side of an instrument was last left is found without reading every position there ever was."""

from alembic import op

revision = "0040"
down_revision = "0039"


def upgrade() -> None:
    """Add the index."""
    op.create_index(
        "positions_by_side", "positions", ["account_id", "instrument_id", "bias", "closed_at"], schema="trading"
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_index("positions_by_side", "positions", schema="trading")
