"""Orders know their position and their layer in it: several plans may share one. Fills keep the venue's order."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_ONE_ENTRY_PER_LAYER = "order_intents_one_entry_per_layer"
_OF_ITS_PLAN = """
UPDATE trading.order_intents SET position_id = positions.position_id
FROM trading.positions WHERE positions.plan_id = order_intents.plan_id
"""


def upgrade() -> None:
    """Add the columns. Every order stored so far belongs to the position of its plan, whose only layer it is."""
    op.add_column("order_intents", sa.Column("position_id", sa.Text()), schema="trading")
    layer = sa.Column("layer", sa.BigInteger(), nullable=False, server_default="1")
    op.add_column("order_intents", layer, schema="trading")
    op.create_foreign_key(
        None,
        "order_intents",
        "positions",
        ["position_id"],
        ["position_id"],
        source_schema="trading",
        referent_schema="trading",
    )
    op.execute(_OF_ITS_PLAN)
    op.create_index(
        _ONE_ENTRY_PER_LAYER,
        "order_intents",
        ["position_id", "layer"],
        unique=True,
        schema="trading",
        postgresql_where=sa.text("purpose = 'E'"),
    )
    sequence = sa.Column("sequence", sa.BigInteger(), nullable=False, server_default="0")
    op.add_column("fills", sequence, schema="trading")


def downgrade() -> None:
    """Drop the columns; a plan that added a layer has no position then, and keeps its entry."""
    op.drop_column("fills", "sequence", schema="trading")
    op.drop_index(_ONE_ENTRY_PER_LAYER, "order_intents", schema="trading")
    op.drop_column("order_intents", "layer", schema="trading")
    op.drop_column("order_intents", "position_id", schema="trading")
