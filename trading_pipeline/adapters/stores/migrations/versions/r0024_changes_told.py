"""Lists by time have indexes, and whoever listens is told of what changes, at the commit that changes it."""

from alembic import op

revision = "0024"
down_revision = "0023"

_INDEXES = {
    "signals_by_time": ("signals", ["close_time", "signal_id"]),
    "trade_plans_by_time": ("trade_plans", ["close_time", "plan_id"]),
    "order_intents_by_time": ("order_intents", ["intended_at", "order_link_id"]),
    "equity_snapshots_by_time": ("equity_snapshots", ["read_at"]),
}

# Two hundred characters of at most eight columns stay below the 8,000 bytes that a notification may have: a longer
# one would be an error, and take the order it tells of with it.
_FUNCTION = """
CREATE FUNCTION trading.tell_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed jsonb;
    told jsonb;
BEGIN
    IF TG_OP = 'DELETE' THEN changed := to_jsonb(OLD); ELSE changed := to_jsonb(NEW); END IF;
    SELECT jsonb_object_agg(name, left(changed ->> name, 200)) INTO told
    FROM unnest(string_to_array(TG_ARGV[1], ' ')) AS name;
    PERFORM pg_notify(
        'trading_changes',
        jsonb_build_object('event', TG_ARGV[0], 'operation', lower(TG_OP), 'data', told)::text
    );
    RETURN NULL;
END $$
"""

_TOLD = (
    (
        "signals",
        "INSERT",
        "WHEN (NEW.live)",
        "signal",
        "signal_id instrument_id timeframe strategy kind bias close_time",
    ),
    (
        "trade_plans",
        "INSERT OR UPDATE OF status",
        "WHEN (NEW.status <> 'historical')",
        "plan",
        "plan_id signal_id instrument_id timeframe strategy bias status status_reason",
    ),
    (
        "order_intents",
        "INSERT OR UPDATE OF state, filled_quantity",
        "",
        "order",
        "order_link_id plan_id instrument_id purpose side state quantity filled_quantity",
    ),
    ("fills", "INSERT", "", "fill", "execution_id order_link_id position_id instrument_id side quantity price fee"),
    (
        "positions",
        "INSERT OR UPDATE OF status, quantity, stop_price",
        "",
        "position",
        "position_id plan_id instrument_id bias status quantity entry_price stop_price",
    ),
    ("equity_snapshots", "INSERT", "", "equity", "account_id currency equity available unrealised_pnl read_at"),
    ("halts", "INSERT OR DELETE", "", "halt", "scope reason since flatten"),
    ("waves", "INSERT OR UPDATE OF computed_at", "", "wave", "close_time timeframe computed_at run_id"),
)


def upgrade() -> None:
    """Add indexes, the function and a trigger a table."""
    for name, (table, columns) in _INDEXES.items():
        op.create_index(name, table, columns, schema="trading")
    op.execute(_FUNCTION)
    for table, when, condition, event, told in _TOLD:
        op.execute(
            f"CREATE TRIGGER {table}_told AFTER {when} ON trading.{table} FOR EACH ROW {condition} "
            f"EXECUTE FUNCTION trading.tell_change('{event}', '{told}')"
        )


def downgrade() -> None:
    """Drop them; nobody is told any more."""
    for table, *_ in _TOLD:
        op.execute(f"DROP TRIGGER {table}_told ON trading.{table}")
    op.execute("DROP FUNCTION trading.tell_change()")
    for name, (table, _) in _INDEXES.items():
        op.drop_index(name, table, schema="trading")
