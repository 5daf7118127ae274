"""Whoever listens is told of bars that are missing, lost or mended, and of streams and instruments that changed."""

from alembic import op

revision = "0044"
down_revision = "0040"

# What every backfill notices again, bar by bar, is left out; and of what it finds in history, what is history.
_KINDS = "'data_gap', 'backfill_done', 'outage', 'ws_reconnect', 'data_lag', 'bar_mended', 'instrument_changed'"
_RECENT = "(NEW.close_time IS NULL OR NEW.close_time > NEW.at - interval '1 day')"


def upgrade() -> None:
    """Add the trigger."""
    op.execute(
        "CREATE TRIGGER quality_events_told AFTER INSERT ON trading.quality_events FOR EACH ROW "
        f"WHEN (NEW.kind IN ({_KINDS}) AND {_RECENT}) EXECUTE FUNCTION trading.tell_change("
        "'quality', 'event_id kind severity at instrument_id timeframe close_time detail')"
    )


def downgrade() -> None:
    """Drop it; nobody is told any more."""
    op.execute("DROP TRIGGER quality_events_told ON trading.quality_events")
