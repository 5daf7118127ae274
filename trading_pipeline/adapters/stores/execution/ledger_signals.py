"""What strategies said since a position was opened."""

from datetime import datetime

from sqlalchemy import Engine, select

from trading_pipeline.adapters.stores.postgres.database import reading
from trading_pipeline.adapters.stores.postgres.tables import signals
from trading_pipeline.adapters.stores.strategy.signal_store import signal_of
from trading_pipeline.domain.model.plans import TradePlan
from trading_pipeline.domain.model.signals import Bias, Signal, SignalKind
from trading_pipeline.ports.stores.execution.signal_reader import SignalReader


class PostgresSignalReader(SignalReader):
    """``signals``, one question at a time."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def signal(self, signal_id: str) -> Signal | None:
        """By its primary key."""
        with reading(self._engine) as connection:
            row = connection.execute(select(signals).where(signals.c.signal_id == signal_id)).first()
        return None if row is None else signal_of(row)

    def earliest(
        self, plan: TradePlan, kind: SignalKind, bias: Bias, after: datetime, through: datetime
    ) -> Signal | None:
        """Read signals that a wave found, the first by close."""
        query = (
            select(signals)
            .where(
                signals.c.strategy == plan.strategy,
                signals.c.instrument_id == plan.instrument_id,
                signals.c.timeframe == plan.timeframe.value,
                signals.c.live,
                signals.c.kind == kind.value,
                signals.c.bias == bias.value,
                signals.c.close_time > after,
                signals.c.close_time <= through,
            )
            # After an outage several may have come: the position was to be left at the first.
            .order_by(signals.c.close_time)
            .limit(1)
        )
        with reading(self._engine) as connection:
            row = connection.execute(query).first()
        return None if row is None else signal_of(row)
