"""Waves that wait are found without reading those of years, every two seconds."""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"


def upgrade() -> None:
    """Add the index."""
    op.create_index(
        "waves_pending",
        "waves",
        ["close_time"],
        schema="trading",
        postgresql_where=sa.text("computed_at IS NULL AND given_up_at IS NULL"),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_index("waves_pending", "waves", schema="trading")
