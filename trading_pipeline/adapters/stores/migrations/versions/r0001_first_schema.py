"""The first schema: bars, checks, signals, plans, intents, fills, positions, backtests, calibrations."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create every table with its indexes; what refers to another table comes after it."""
    _create_avi5_calibrations()
    _create_backtest_runs()
    _create_bars()
    _create_data_checks()
    _create_equity_snapshots()
    _create_fills()
    _create_halts()
    _create_heartbeats()
    _create_indicator_snapshots()
    _create_listings()
    _create_raw_bars()
    _create_reconciliation_differences()
    _create_signals()
    _create_waves()
    _create_backtest_trades()
    _create_pivots()
    _create_setups()
    _create_trade_plans()
    _create_triggers()
    _create_order_intents()
    _create_positions()


def downgrade() -> None:
    """Drop every table."""
    for table in (
        "positions",
        "order_intents",
        "triggers",
        "trade_plans",
        "setups",
        "pivots",
        "backtest_trades",
        "waves",
        "signals",
        "reconciliation_differences",
        "raw_bars",
        "listings",
        "indicator_snapshots",
        "heartbeats",
        "halts",
        "fills",
        "equity_snapshots",
        "data_checks",
        "bars",
        "backtest_runs",
        "avi5_calibrations",
    ):
        op.drop_table(table, schema="trading")


def _create_avi5_calibrations() -> None:
    op.create_table(
        "avi5_calibrations",
        sa.Column("calibration_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("calibrated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("window_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("window_split", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hours", postgresql.JSONB(), nullable=False),
        sa.Column("histogram", postgresql.JSONB(), nullable=True),
        sa.Column("psi", sa.Double(), nullable=True),
        sa.Column("stable", sa.Boolean(), nullable=False),
        sa.Column("trades", sa.BigInteger(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("calibration_id"),
        schema="trading",
    )


def _create_backtest_runs() -> None:
    op.create_table(
        "backtest_runs",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("strategy", sa.Text(), nullable=False),
        sa.Column("strategy_version", sa.Text(), nullable=False),
        sa.Column("symbols", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("timeframe", sa.Text(), nullable=False),
        sa.Column("code_version", sa.Text(), nullable=False),
        sa.Column("params", postgresql.JSONB(), nullable=False),
        sa.Column("metrics", postgresql.JSONB(), nullable=False),
        sa.Column("equity_close_ms", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("equity", sa.ARRAY(sa.Double()), nullable=False),
        sa.Column(
            "written_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("run_id"),
        schema="trading",
    )
    op.create_index("backtest_runs_by_time", "backtest_runs", ["written_at"], unique=False, schema="trading")


def _create_bars() -> None:
    op.create_table(
        "bars",
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("timeframe", sa.Text(), nullable=False),
        sa.Column("open_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("close_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("open", sa.Numeric(), nullable=False),
        sa.Column("high", sa.Numeric(), nullable=False),
        sa.Column("low", sa.Numeric(), nullable=False),
        sa.Column("close", sa.Numeric(), nullable=False),
        sa.Column("volume", sa.Numeric(), nullable=False),
        sa.Column("turnover", sa.Numeric(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("symbol", "timeframe", "open_time"),
        schema="trading",
    )


def _create_data_checks() -> None:
    op.create_table(
        "data_checks",
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("timeframe", sa.Text(), nullable=False),
        sa.Column("close_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("symbol", "timeframe", "close_time", "name"),
        schema="trading",
    )
    op.create_index(
        "data_checks_failed",
        "data_checks",
        ["timeframe", "close_time"],
        unique=False,
        schema="trading",
        postgresql_where=sa.text("NOT passed"),
    )


def _create_equity_snapshots() -> None:
    op.create_table(
        "equity_snapshots",
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("equity", sa.Numeric(), nullable=False),
        sa.Column("balance", sa.Numeric(), nullable=False),
        sa.Column("available", sa.Numeric(), nullable=False),
        sa.Column("unrealised_pnl", sa.Numeric(), nullable=False),
        sa.PrimaryKeyConstraint("read_at"),
        schema="trading",
    )


def _create_fills() -> None:
    op.create_table(
        "fills",
        sa.Column("execution_id", sa.Text(), nullable=False),
        sa.Column("order_link_id", sa.Text(), nullable=False),
        sa.Column("venue_order_id", sa.Text(), nullable=False),
        sa.Column("position_id", sa.Text(), nullable=True),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Numeric(), nullable=False),
        sa.Column("price", sa.Numeric(), nullable=False),
        sa.Column("fee", sa.Numeric(), nullable=False),
        sa.Column("is_maker", sa.Boolean(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("executed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "received_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("execution_id"),
        schema="trading",
    )
    op.create_index("fills_by_position", "fills", ["position_id"], unique=False, schema="trading")
    op.create_index("fills_by_time", "fills", ["executed_at"], unique=False, schema="trading")


def _create_halts() -> None:
    op.create_table(
        "halts",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("scope"),
        schema="trading",
    )


def _create_heartbeats() -> None:
    op.create_table(
        "heartbeats",
        sa.Column("component", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("beat_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.PrimaryKeyConstraint("component"),
        schema="trading",
    )


def _create_indicator_snapshots() -> None:
    op.create_table(
        "indicator_snapshots",
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("timeframe", sa.Text(), nullable=False),
        sa.Column("close_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("values", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("symbol", "timeframe", "close_time"),
        schema="trading",
    )


def _create_listings() -> None:
    op.create_table(
        "listings",
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("timeframe", sa.Text(), nullable=False),
        sa.Column("asked_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("first_open", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("symbol", "timeframe"),
        schema="trading",
    )


def _create_raw_bars() -> None:
    op.create_table(
        "raw_bars",
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("timeframe", sa.Text(), nullable=False),
        sa.Column("open_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("close_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("open", sa.Numeric(), nullable=False),
        sa.Column("high", sa.Numeric(), nullable=False),
        sa.Column("low", sa.Numeric(), nullable=False),
        sa.Column("close", sa.Numeric(), nullable=False),
        sa.Column("volume", sa.Numeric(), nullable=False),
        sa.Column("turnover", sa.Numeric(), nullable=False),
        sa.Column(
            "received_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("symbol", "timeframe", "open_time", "source"),
        schema="trading",
    )
    op.create_index("raw_bars_by_close", "raw_bars", ["close_time"], unique=False, schema="trading")


def _create_reconciliation_differences() -> None:
    op.create_table(
        "reconciliation_differences",
        sa.Column("difference_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("difference_id"),
        schema="trading",
    )


def _create_signals() -> None:
    op.create_table(
        "signals",
        sa.Column("signal_id", sa.Text(), nullable=False),
        sa.Column("strategy", sa.Text(), nullable=False),
        sa.Column("strategy_version", sa.Text(), nullable=False),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("timeframe", sa.Text(), nullable=False),
        sa.Column("close_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("bias", sa.Text(), nullable=False),
        sa.Column("entry_price", sa.Numeric(), nullable=False),
        sa.Column("stop_price", sa.Numeric(), nullable=False),
        sa.Column("score", sa.Numeric(), nullable=False),
        sa.Column("details", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("signal_id"),
        schema="trading",
    )
    op.create_index("signals_by_bar", "signals", ["symbol", "timeframe", "close_time"], unique=False, schema="trading")


def _create_waves() -> None:
    op.create_table(
        "waves",
        sa.Column("close_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("timeframe", sa.Text(), nullable=False),
        sa.Column(
            "first_bar_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("run_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("close_time", "timeframe"),
        schema="trading",
    )


def _create_backtest_trades() -> None:
    op.create_table(
        "backtest_trades",
        sa.Column("trade_id", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("entry_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_price", sa.Numeric(), nullable=False),
        sa.Column("exit_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("exit_price", sa.Numeric(), nullable=False),
        sa.Column("quantity", sa.Numeric(), nullable=False),
        sa.Column("stop_price", sa.Numeric(), nullable=True),
        sa.Column("pnl_usdt", sa.Numeric(), nullable=False),
        sa.Column("pnl_r", sa.Numeric(), nullable=True),
        sa.Column("fees_usdt", sa.Numeric(), nullable=False),
        sa.Column("funding_usdt", sa.Numeric(), nullable=False),
        sa.Column("mfe_usdt", sa.Numeric(), nullable=True),
        sa.Column("mae_usdt", sa.Numeric(), nullable=True),
        sa.Column("exit_reason", sa.Text(), nullable=False),
        sa.Column("legs", postgresql.JSONB(), nullable=False),
        sa.Column("entries", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["trading.backtest_runs.run_id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("trade_id"),
        schema="trading",
    )
    op.create_index("backtest_trades_by_run", "backtest_trades", ["run_id", "position"], unique=True, schema="trading")


def _create_pivots() -> None:
    op.create_table(
        "pivots",
        sa.Column("pivot_id", sa.Text(), nullable=False),
        sa.Column("setup_id", sa.Text(), nullable=False),
        sa.Column("signal_id", sa.Text(), nullable=False),
        sa.Column("segment_no", sa.BigInteger(), nullable=False),
        sa.Column("pivot_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("pivot_price", sa.Numeric(), nullable=False),
        sa.Column("pivot_type", sa.Text(), nullable=False),
        sa.Column("histogram", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["signal_id"], ["trading.signals.signal_id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("pivot_id"),
        schema="trading",
    )
    op.create_index("pivots_by_signal", "pivots", ["signal_id"], unique=False, schema="trading")


def _create_setups() -> None:
    op.create_table(
        "setups",
        sa.Column("setup_id", sa.Text(), nullable=False),
        sa.Column("signal_id", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("timeframe", sa.Text(), nullable=False),
        sa.Column("close_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("bias", sa.Text(), nullable=False),
        sa.Column("setup_type", sa.Text(), nullable=False),
        sa.Column("payload", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(["signal_id"], ["trading.signals.signal_id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("setup_id"),
        sa.UniqueConstraint("idempotency_key"),
        schema="trading",
    )
    op.create_index("setups_by_bar", "setups", ["symbol", "timeframe", "close_time"], unique=False, schema="trading")
    op.create_index("setups_by_signal", "setups", ["signal_id"], unique=False, schema="trading")


def _create_trade_plans() -> None:
    op.create_table(
        "trade_plans",
        sa.Column("plan_id", sa.Text(), nullable=False),
        sa.Column("signal_id", sa.Text(), nullable=False),
        sa.Column("strategy", sa.Text(), nullable=False),
        sa.Column("strategy_version", sa.Text(), nullable=False),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("timeframe", sa.Text(), nullable=False),
        sa.Column("close_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("bias", sa.Text(), nullable=False),
        sa.Column("entry_price", sa.Numeric(), nullable=False),
        sa.Column("stop_price", sa.Numeric(), nullable=False),
        sa.Column("targets", postgresql.JSONB(), nullable=False),
        sa.Column("runner", postgresql.JSONB(), nullable=False),
        sa.Column("score", sa.Numeric(), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("status_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column(
            "written_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("claimed_by", sa.Text(), nullable=True),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["signal_id"], ["trading.signals.signal_id"]),
        sa.PrimaryKeyConstraint("plan_id"),
        sa.UniqueConstraint("signal_id"),
        schema="trading",
    )
    op.create_index(
        "trade_plans_pending",
        "trade_plans",
        ["close_time"],
        unique=False,
        schema="trading",
        postgresql_where=sa.text("status IN ('new', 'claimed')"),
    )


def _create_triggers() -> None:
    op.create_table(
        "triggers",
        sa.Column("trigger_id", sa.Text(), nullable=False),
        sa.Column("setup_id", sa.Text(), nullable=False),
        sa.Column("signal_id", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("bias", sa.Text(), nullable=False),
        sa.Column("hits", postgresql.JSONB(), nullable=False),
        sa.Column("min_confirmations", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["signal_id"], ["trading.signals.signal_id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("trigger_id"),
        sa.UniqueConstraint("idempotency_key"),
        schema="trading",
    )
    op.create_index("triggers_by_signal", "triggers", ["signal_id"], unique=False, schema="trading")


def _create_order_intents() -> None:
    op.create_table(
        "order_intents",
        sa.Column("order_link_id", sa.Text(), nullable=False),
        sa.Column("plan_id", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("order_type", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Numeric(), nullable=False),
        sa.Column("price", sa.Numeric(), nullable=True),
        sa.Column("stop_loss", sa.Numeric(), nullable=True),
        sa.Column("reduce_only", sa.Boolean(), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("venue_order_id", sa.Text(), nullable=True),
        sa.Column("filled_quantity", sa.Numeric(), server_default="0", nullable=False),
        sa.Column("average_price", sa.Numeric(), nullable=True),
        sa.Column(
            "intended_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("venue_updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["plan_id"], ["trading.trade_plans.plan_id"]),
        sa.PrimaryKeyConstraint("order_link_id"),
        schema="trading",
    )
    op.create_index("order_intents_by_plan", "order_intents", ["plan_id"], unique=False, schema="trading")
    op.create_index(
        "order_intents_open",
        "order_intents",
        ["state"],
        unique=False,
        schema="trading",
        postgresql_where=sa.text("state NOT IN ('filled', 'cancelled', 'rejected', 'expired', 'absent')"),
    )


def _create_positions() -> None:
    op.create_table(
        "positions",
        sa.Column("position_id", sa.Text(), nullable=False),
        sa.Column("plan_id", sa.Text(), nullable=False),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("timeframe", sa.Text(), nullable=False),
        sa.Column("bias", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Numeric(), nullable=False),
        sa.Column("entry_quantity", sa.Numeric(), nullable=False),
        sa.Column("entry_price", sa.Numeric(), nullable=True),
        sa.Column("initial_stop_price", sa.Numeric(), nullable=False),
        sa.Column("stop_price", sa.Numeric(), nullable=False),
        sa.Column("realised_pnl", sa.Numeric(), nullable=False),
        sa.Column("fees", sa.Numeric(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("exit_reason", sa.Text(), nullable=True),
        sa.Column("managed_through", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["plan_id"], ["trading.trade_plans.plan_id"]),
        sa.PrimaryKeyConstraint("position_id"),
        sa.UniqueConstraint("plan_id"),
        schema="trading",
    )
    op.create_index(
        "positions_one_live_per_symbol",
        "positions",
        ["symbol"],
        unique=True,
        schema="trading",
        postgresql_where=sa.text("status IN ('opening', 'open')"),
    )
