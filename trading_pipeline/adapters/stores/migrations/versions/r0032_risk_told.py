"""Whoever listens is told of what risk rules find, too."""

from alembic import op

revision = "0032"
down_revision = "0031"

_TOLD = "event_id account_id plan_id instrument_id rule action sentence at"


def upgrade() -> None:
    """A trigger on the one table of what happens that had none."""
    op.execute(
        "CREATE TRIGGER risk_events_told AFTER INSERT ON trading.risk_events FOR EACH ROW "
        f"EXECUTE FUNCTION trading.tell_change('risk', '{_TOLD}')"
    )


def downgrade() -> None:
    """Drop it."""
    op.execute("DROP TRIGGER risk_events_told ON trading.risk_events")
