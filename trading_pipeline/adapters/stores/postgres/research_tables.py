"""Tables of research: what divergence signals consist of, and calibrations."""

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Double, ForeignKey, Identity, Index, Numeric, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from trading_pipeline.adapters.stores.postgres.tables import metadata, signals


def _instant(name: str) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=False)


def _signal_id() -> Column[object]:
    """What belongs to a signal goes with it."""
    return Column("signal_id", Text, ForeignKey(signals.c.signal_id, ondelete="CASCADE"), nullable=False)


def _run_id() -> Column[object]:
    return Column("run_id", Text, nullable=False, server_default="")


setups = Table(
    "setups",
    metadata,
    Column("setup_id", Text, primary_key=True),
    _signal_id(),
    Column("idempotency_key", Text, nullable=False, unique=True),
    Column("instrument_id", Text, nullable=False),
    Column("timeframe", Text, nullable=False),
    _instant("close_time"),
    Column("bias", Text, nullable=False),
    Column("setup_type", Text, nullable=False),
    Column("payload", JSONB, nullable=False),
    _run_id(),
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
    _run_id(),
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
    _instant("pivot_time"),
    Column("pivot_price", Numeric, nullable=False),
    Column("pivot_type", Text, nullable=False),
    Column("histogram", Double, nullable=False),
    _run_id(),
    Index("pivots_by_signal", "signal_id"),
)
"""The three extremes of a setup, ``segment_no`` 1 to 3; ``pivot_time`` closes the extreme's bar."""

avi5_calibrations = Table(
    "avi5_calibrations",
    metadata,
    Column("calibration_id", BigInteger, Identity(), primary_key=True),
    _instant("calibrated_at"),
    _instant("window_start"),
    _instant("window_split"),
    Column("hours", JSONB, nullable=False),
    Column("histogram", JSONB),
    Column("psi", Double),
    Column("stable", Boolean, nullable=False),
    Column("trades", BigInteger, nullable=False),
    Column("run_id", Text, nullable=False),
)
"""Append-only. ``hours``: threshold and figures per UTC hour; ``histogram``: shares of the imbalances it was
made on, ``null`` without any; ``window_split`` ends the training window and begins the one it was tried on."""
