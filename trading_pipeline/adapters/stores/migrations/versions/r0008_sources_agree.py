"""The check that compares sources is called by what it asks: whether they agree."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Rename the verdicts."""
    op.execute("UPDATE trading.data_checks SET name = 'sources_agree' WHERE name = 'no_duplicate'")


def downgrade() -> None:
    """Name them as before."""
    op.execute("UPDATE trading.data_checks SET name = 'no_duplicate' WHERE name = 'sources_agree'")
