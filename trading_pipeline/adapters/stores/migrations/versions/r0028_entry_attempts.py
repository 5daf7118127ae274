"""An entry may take several orders: a limit that gives way, and one more for what a market order left unfilled."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0028"
down_revision = "0026"

_ONE_ENTRY = "order_intents_one_entry_per_layer"


def upgrade() -> None:
    """Every entry stored so far is its own first and only order."""
    op.add_column("trade_plans", sa.Column("entry_order", JSONB(none_as_null=True)), schema="trading")
    attempt = sa.Column("attempt", sa.BigInteger(), nullable=False, server_default="0")
    op.add_column("order_intents", attempt, schema="trading")
    continues: sa.Column[bool] = sa.Column("continues", sa.Boolean(), nullable=False, server_default="false")
    op.add_column("order_intents", continues, schema="trading")
    _index("position_id", "layer", "attempt")


def downgrade() -> None:
    """Drop the columns. Later orders of an entry become layers of their own, of which there is one each."""
    # Far above any layer there is, so that no order collides with another layer's.
    op.execute("UPDATE trading.order_intents SET layer = layer + 1000 * attempt WHERE purpose = 'E' AND attempt > 0")
    _index("position_id", "layer")
    op.drop_column("order_intents", "continues", schema="trading")
    op.drop_column("order_intents", "attempt", schema="trading")
    op.drop_column("trade_plans", "entry_order", schema="trading")


def _index(*columns: str) -> None:
    op.drop_index(_ONE_ENTRY, "order_intents", schema="trading")
    op.create_index(
        _ONE_ENTRY,
        "order_intents",
        list(columns),
        unique=True,
        schema="trading",
        postgresql_where=sa.text("purpose = 'E'"),
    )
