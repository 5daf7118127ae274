"""What a transaction stored is found by ranges of pages: rows stand in the order in which they were stored anyway."""

from alembic import op

revision = "0036"
down_revision = "0035"


def upgrade() -> None:
    """An entry for a megabyte of rows instead of one for each."""
    op.drop_index("raw_bars_by_transaction", "raw_bars", schema="trading")
    op.create_index(
        "raw_bars_by_transaction",
        "raw_bars",
        ["heard_in"],
        schema="trading",
        postgresql_using="brin",
        postgresql_with={"autosummarize": "on"},
    )


def downgrade() -> None:
    """An entry for each row."""
    op.drop_index("raw_bars_by_transaction", "raw_bars", schema="trading")
    op.create_index("raw_bars_by_transaction", "raw_bars", ["heard_in"], schema="trading")
