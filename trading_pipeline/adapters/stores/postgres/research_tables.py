"""Tables of research: what divergence signals consist of, calibrations and backtests."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Numeric,
    Table,
    Text,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB

from trading_pipeline.adapters.stores.postgres.columns import instant, run_id
from trading_pipeline.adapters.stores.postgres.tables import metadata, signals


def _signal_id() -> Column[object]:
    """What belongs to a signal goes with it."""
    return Column("signal_id", Text, ForeignKey(signals.c.signal_id, ondelete="CASCADE"), nullable=False)


setups = Table(
    "setups",
    metadata,
    Column("setup_id", Text, primary_key=True),
    _signal_id(),
    Column("idempotency_key", Text, nullable=False, unique=True),
    Column("instrument_id", Text, nullable=False),
    Column("timeframe", Text, nullable=False),
    instant("close_time"),
    Column("bias", Text, nullable=False),
    Column("setup_type", Text, nullable=False),
    Column("payload", JSONB, nullable=False),
    run_id(),
    Index("setups_by_bar", "instrument_id", "timeframe", "close_time"),
    Index("setups_by_signal", "signal_id"),
)
"""The structure behind a divergence signal; ``idempotency_key`` is 64 hex digits."""

triggers = Table(
    "triggers",
    metadata,
    Column("trigger_id", Text, primary_key=True),
    Column("setup_id", Text, nullable=False),
    _signal_id(),
    Column("idempotency_key", Text, nullable=False, unique=True),
    Column("bias", Text, nullable=False),
    Column("hits", JSONB, nullable=False),
    Column("min_confirmations", BigInteger, nullable=False),
    run_id(),
    Index("triggers_by_signal", "signal_id"),
)
"""Which confirmations a setup had, in their fixed order."""

pivots = Table(
    "pivots",
    metadata,
    Column("pivot_id", Text, primary_key=True),
    Column("setup_id", Text, nullable=False),
    _signal_id(),
    Column("segment_no", BigInteger, nullable=False),
    instant("pivot_time"),
    Column("pivot_price", Numeric, nullable=False),
    Column("pivot_type", Text, nullable=False),
    Column("histogram", Double, nullable=False),
    run_id(),
    Index("pivots_by_signal", "signal_id"),
)
"""The three extremes of a setup, ``segment_no`` 1 to 3; ``pivot_time`` closes the extreme's bar."""

avi5_calibrations = Table(
    "avi5_calibrations",
    metadata,
    Column("calibration_id", BigInteger, Identity(), primary_key=True),
    instant("calibrated_at"),
    instant("window_start"),
    instant("window_split"),
    Column("hours", JSONB, nullable=False),
    Column("histogram", JSONB),
    Column("psi", Double),
    Column("stable", Boolean, nullable=False),
    Column("trades", BigInteger, nullable=False),
    Column("run_id", Text, nullable=False),
)
"""Append-only. ``hours``: threshold and figures per UTC hour; ``histogram``: shares of the imbalances it was
made on, ``null`` without any; ``window_split`` ends the training window and begins the one it was tried on."""

backtest_runs = Table(
    "backtest_runs",
    metadata,
    Column("run_id", Text, primary_key=True),
    Column("strategy", Text, nullable=False),
    Column("strategy_version", Text, nullable=False),
    Column("instrument_ids", ARRAY(Text), nullable=False),
    Column("timeframe", Text, nullable=False),
    Column("code_version", Text, nullable=False),
    Column("params", JSONB, nullable=False),
    Column("metrics", JSONB, nullable=False),
    Column("equity_close_ms", ARRAY(BigInteger), nullable=False),
    Column("equity", ARRAY(Double), nullable=False),
    Column("written_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    Index("backtest_runs_by_time", "written_at"),
)
"""``equity``: the account at each of ``equity_close_ms``, as the engine computed it in float64."""

backtest_trades = Table(
    "backtest_trades",
    metadata,
    Column("trade_id", Text, primary_key=True),
    Column("run_id", Text, ForeignKey("trading.backtest_runs.run_id", ondelete="CASCADE"), nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("instrument_id", Text, nullable=False),
    Column("side", Text, nullable=False),
    instant("entry_time"),
    Column("entry_price", Numeric, nullable=False),
    instant("exit_time"),
    Column("exit_price", Numeric, nullable=False),
    Column("quantity", Numeric, nullable=False),
    Column("stop_price", Numeric),
    Column("pnl_usdt", Numeric, nullable=False),
    Column("pnl_r", Numeric),
    Column("gross_pnl_r", Numeric),
    Column("fees_usdt", Numeric, nullable=False),
    Column("funding_usdt", Numeric, nullable=False),
    Column("mfe_usdt", Numeric),
    Column("mae_usdt", Numeric),
    Column("exit_reason", Text, nullable=False),
    Column("legs", JSONB, nullable=False),
    Column("entries", JSONB, nullable=False),
    Index("backtest_trades_by_run", "run_id", "position", unique=True),
)
"""``position`` counts a run's trades in the order of entries; ``legs`` are exits, ``entries`` the fills before."""
