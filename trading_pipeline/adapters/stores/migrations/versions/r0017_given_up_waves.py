"""A wave that was tried for as long as its plans would have lived is given up: known, told, and asked for no more."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Add the column; of waves before, none is given up, and those that wait are tried again."""
    op.add_column("waves", sa.Column("given_up_at", sa.DateTime(timezone=True)), schema="trading")


def downgrade() -> None:
    """Drop it."""
    op.drop_column("waves", "given_up_at", schema="trading")
