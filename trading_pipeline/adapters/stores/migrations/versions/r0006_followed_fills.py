"""Positions know what set their stop, where the runner's stands, and which fills were answered."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_COLUMNS = ("followed_fills", "booked_fills", "runner_stop_price", "stop_kind")
_KINDS = """
UPDATE trading.positions SET stop_kind = CASE
    WHEN stop_price = initial_stop_price THEN 'stop_loss'
    WHEN exit_reason = 'trailing_stop' THEN 'trailing_stop'
    ELSE 'break_even' END
"""
_FILLS = """
UPDATE trading.positions SET booked_fills = (
    SELECT count(*) FROM trading.fills WHERE fills.position_id = positions.position_id AND fills.kind <> 'funding')
"""
_FOLLOWED = "UPDATE trading.positions SET followed_fills = booked_fills WHERE status NOT IN ('opening', 'open')"


def upgrade() -> None:
    """Add the columns; fills of positions that live are followed once more, which changes nothing twice."""
    op.add_column("positions", sa.Column("stop_kind", sa.Text(), server_default="stop_loss"), schema="trading")
    op.add_column("positions", sa.Column("runner_stop_price", sa.Numeric()), schema="trading")
    for name in ("booked_fills", "followed_fills"):
        column = sa.Column(name, sa.BigInteger(), nullable=False, server_default="0")
        op.add_column("positions", column, schema="trading")
    # Counted before they are marked as followed, which copies the count.
    for statement in (_KINDS, _FILLS, _FOLLOWED):
        op.execute(statement)


def downgrade() -> None:
    """Drop the columns."""
    for name in _COLUMNS:
        op.drop_column("positions", name, schema="trading")
