"""Every step of an execution is one row, written by the database with the change itself; fills say how they slipped.

A step that code has to remember to tell is the one that is missing when somebody asks.
"""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"

# By table: a name, when, on which condition, and of the function: subject, the column that has to change, the step
# (empty: the column's value), and what is told.
_TRACED = (
    (
        "trade_plans",
        "status",
        "INSERT OR UPDATE OF status",
        "WHEN (NEW.status <> 'historical')",
        "plan",
        "status",
        "",
        "status_reason",
    ),
    (
        "order_intents",
        "state",
        "INSERT OR UPDATE OF state",
        "",
        "order",
        "state",
        "",
        "purpose side quantity price stop_loss filled_quantity average_price reason",
    ),
    ("fills", "booked", "INSERT", "", "fill", "kind", "", "side quantity price fee reference_price slippage_bps"),
    (
        "positions",
        "status",
        "INSERT OR UPDATE OF status",
        "",
        "position",
        "status",
        "",
        "quantity entry_price realised_pnl fees funding exit_reason",
    ),
    ("positions", "stop", "UPDATE OF stop_price", "", "position", "stop_price", "stop_moved", "stop_price stop_kind"),
    (
        "positions",
        "protected",
        "UPDATE OF followed_fills",
        "WHEN (NEW.status = 'open')",
        "position",
        "followed_fills",
        "protected",
        "stop_price followed_fills",
    ),
)
_FUNCTION = """
CREATE FUNCTION trading.trace_step() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    now_is jsonb := to_jsonb(NEW);
    run text := nullif(current_setting('trading.run_id', true), '');
    told jsonb;
    plan text := now_is ->> 'plan_id';
BEGIN
    IF TG_OP = 'UPDATE' AND to_jsonb(OLD) ->> TG_ARGV[1] IS NOT DISTINCT FROM now_is ->> TG_ARGV[1] THEN
        RETURN NULL;
    END IF;
    SELECT jsonb_object_agg(name, now_is ->> name) INTO told
    FROM unnest(string_to_array(TG_ARGV[3], ' ')) AS name WHERE coalesce(now_is ->> name, '') <> '';
    IF plan IS NULL THEN
        SELECT coalesce(
            (SELECT plan_id FROM trading.order_intents WHERE order_link_id = now_is ->> 'order_link_id'),
            (SELECT plan_id FROM trading.positions WHERE position_id = now_is ->> 'position_id')
        ) INTO plan;
    END IF;
    INSERT INTO trading.execution_traces
        (account_id, plan_id, position_id, order_link_id, instrument_id, subject, step, detail, run_id, venue_at)
    VALUES (now_is ->> 'account_id', plan, now_is ->> 'position_id', nullif(now_is ->> 'order_link_id', ''),
            now_is ->> 'instrument_id', TG_ARGV[0], coalesce(nullif(TG_ARGV[2], ''), now_is ->> TG_ARGV[1]),
            coalesce(told, '{}'),
            coalesce(run, CASE TG_OP WHEN 'INSERT' THEN now_is ->> 'run_id' END, ''),
            CASE TG_ARGV[0]
                WHEN 'fill' THEN (now_is ->> 'executed_at')::timestamptz
                WHEN 'order' THEN (now_is ->> 'venue_updated_at')::timestamptz
            END);
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    """Add the table, its triggers and the columns of fills; what was done before has no trace."""
    for name in ("reference_price", "slippage_bps"):
        op.add_column("fills", sa.Column(name, sa.Numeric()), schema="trading")
    op.create_table(
        "execution_traces",
        sa.Column("trace_id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.clock_timestamp()),
        sa.Column("account_id", sa.Text()),
        sa.Column("plan_id", sa.Text()),
        sa.Column("position_id", sa.Text()),
        sa.Column("order_link_id", sa.Text()),
        sa.Column("instrument_id", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("detail", sa.dialects.postgresql.JSONB(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False, server_default=""),
        sa.Column("venue_at", sa.DateTime(timezone=True)),
        schema="trading",
    )
    op.create_index("execution_traces_by_plan", "execution_traces", ["plan_id", "trace_id"], schema="trading")
    op.create_index("execution_traces_by_time", "execution_traces", ["at", "trace_id"], schema="trading")
    op.execute(
        "CREATE TRIGGER execution_traces_append_only BEFORE UPDATE OR DELETE ON trading.execution_traces "
        "FOR EACH ROW EXECUTE FUNCTION trading.refuse_change()"
    )
    op.execute(_FUNCTION)
    for table, name, when, condition, *arguments in _TRACED:
        told = ", ".join(f"'{argument}'" for argument in arguments)
        op.execute(
            f"CREATE TRIGGER {table}_traced_{name} AFTER {when} ON trading.{table} FOR EACH ROW {condition} "
            f"EXECUTE FUNCTION trading.trace_step({told})"
        )


def downgrade() -> None:
    """Drop them; nobody knows the steps any more."""
    for table, name, *_ in _TRACED:
        op.execute(f"DROP TRIGGER {table}_traced_{name} ON trading.{table}")
    op.execute("DROP FUNCTION trading.trace_step()")
    op.drop_table("execution_traces", schema="trading")
    for name in ("slippage_bps", "reference_price"):
        op.drop_column("fills", name, schema="trading")
