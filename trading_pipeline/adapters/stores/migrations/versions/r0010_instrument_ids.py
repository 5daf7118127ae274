# ruff: noqa: S608 - nothing comes from outside
"""Every row says at which venue its instrument is traded, and decisions are named by it.

Signals get the ids that their decisions have from now on, and so do plans that nothing has happened to. A plan
with an order or a position keeps its id, because its link ids are known to the venue.
"""

from alembic import op

revision = "0010"
down_revision = "0009"

_TABLES = (
    "raw_bars",
    "bars",
    "listings",
    "book_samples",
    "data_checks",
    "indicator_snapshots",
    "signals",
    "trade_plans",
    "order_intents",
    "fills",
    "positions",
    "reconciliation_differences",
    "setups",
    "backtest_trades",
)
_REFERENCES = (
    ("trade_plans", "signal_id", "signals", "signal_id", ""),
    ("order_intents", "signal_id", "signals", "signal_id", ""),
    ("setups", "signal_id", "signals", "signal_id", "CASCADE"),
    ("triggers", "signal_id", "signals", "signal_id", "CASCADE"),
    ("pivots", "signal_id", "signals", "signal_id", "CASCADE"),
)
_VENUE = ".BYBIT"
"""The only one that anything was stored of."""
_BARE = f"left(instrument_id, -{len(_VENUE)})"


def upgrade() -> None:
    """Rename and fill the columns, then name the decisions anew."""
    for table in _TABLES:
        op.execute(f"ALTER TABLE trading.{table} RENAME COLUMN symbol TO instrument_id")
        op.execute(
            f"ALTER TABLE trading.{table} ALTER COLUMN instrument_id TYPE text USING instrument_id || '{_VENUE}'"
        )
    op.execute("ALTER TABLE trading.backtest_runs RENAME COLUMN symbols TO instrument_ids")
    op.execute(
        "UPDATE trading.backtest_runs SET instrument_ids ="
        f" (SELECT array_agg(one || '{_VENUE}' ORDER BY place)"
        " FROM unnest(instrument_ids) WITH ORDINALITY AS named(one, place))"
    )
    op.execute(f"UPDATE trading.halts SET scope = scope || '{_VENUE}' WHERE scope <> 'all'")
    _rename_decisions(_BARE, "instrument_id", 18)


def downgrade() -> None:
    """Give the columns and the decisions back the names they had."""
    _rename_decisions("instrument_id", _BARE, 24)
    op.execute(f"UPDATE trading.halts SET scope = left(scope, -{len(_VENUE)}) WHERE scope <> 'all'")
    op.execute(
        "UPDATE trading.backtest_runs SET instrument_ids ="
        f" (SELECT array_agg(left(one, -{len(_VENUE)}) ORDER BY place)"
        " FROM unnest(instrument_ids) WITH ORDINALITY AS named(one, place))"
    )
    op.execute("ALTER TABLE trading.backtest_runs RENAME COLUMN instrument_ids TO symbols")
    for table in _TABLES:
        op.execute(f"ALTER TABLE trading.{table} ALTER COLUMN instrument_id TYPE text USING {_BARE}")
        op.execute(f"ALTER TABLE trading.{table} RENAME COLUMN instrument_id TO symbol")


def _rename_decisions(named: str, name: str, plan_id_length: int) -> None:
    """Signal ids as ``decision_key`` derives them, of an instrument ``named`` so and now by its ``name``."""
    for table, column, _, _, _ in _REFERENCES:
        # All references first: the referring table and the referred one are changed by statements of their own.
        op.drop_constraint(f"{table}_{column}_fkey", table, schema="trading")
    op.execute(f"""
        CREATE TEMPORARY TABLE renamed ON COMMIT DROP AS
        SELECT signal_id AS old, {_decision_key(name)} AS new
        FROM trading.signals WHERE signal_id = {_decision_key(named)}
    """)
    # Looked up once for each row of five tables; two decisions of one key would stop here and not in the middle.
    op.execute("CREATE UNIQUE INDEX ON renamed (old)")
    for table in ("signals", *(table for table, _, _, _, _ in _REFERENCES)):
        op.execute(f"UPDATE trading.{table} SET signal_id = renamed.new FROM renamed WHERE signal_id = renamed.old")
    op.execute(f"""
        UPDATE trading.trade_plans AS plan SET plan_id = left(signal_id, {plan_id_length})
        WHERE NOT EXISTS (SELECT FROM trading.order_intents AS intent WHERE intent.plan_id = plan.plan_id)
        AND NOT EXISTS (SELECT FROM trading.positions AS position WHERE position.plan_id = plan.plan_id)
    """)
    op.execute("DROP TABLE renamed")
    for table, column, referred, key, on_delete in _REFERENCES:
        op.create_foreign_key(
            f"{table}_{column}_fkey",
            table,
            referred,
            [column],
            [key],
            ondelete=on_delete or None,
            source_schema="trading",
            referent_schema="trading",
        )


def _decision_key(instrument: str) -> str:
    """SQL for the digest of strategy, instrument, timeframe, last millisecond of the bar, bias and, of exits, that."""
    return f"""encode(sha256(convert_to(concat_ws('|', strategy, {instrument}, timeframe,
        ((extract(epoch FROM close_time) * 1000)::bigint - 1)::text, upper(bias),
        CASE WHEN kind = 'exit' THEN 'EXIT' END), 'UTF8')), 'hex')"""
