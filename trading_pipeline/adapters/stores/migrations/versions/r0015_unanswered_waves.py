"""A wave knows about which instruments a strategy gave no answer, so that the next one asks again."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Add the column; of waves before, every strategy had answered, or they would not be computed."""
    op.add_column(
        "waves", sa.Column("unanswered", sa.ARRAY(sa.Text()), nullable=False, server_default="{}"), schema="trading"
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_column("waves", "unanswered", schema="trading")
