"""Stored indicators and closes, one bar at a time."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import Engine, and_, func, select

from trading_pipeline.adapters.stores.postgres.database import reading
from trading_pipeline.adapters.stores.postgres.tables import bars, indicator_snapshots
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.indicator_readings import IndicatorReading
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.ports.stores.execution.risk_store import IndicatorReader


class PostgresIndicatorReader(IndicatorReader):
    """``indicator_snapshots`` beside ``bars``."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def latest_indicator(
        self, instrument_id: InstrumentId, timeframe: Timeframe, close_time: datetime, name: str
    ) -> IndicatorReading | None:
        """The named value at exactly this bar; JSON numbers come as text so that no float is in between."""
        snapshot = indicator_snapshots.c
        value = snapshot["values"][name].astext
        query = (
            select(bars.c.close, value.label("value"))
            .join(
                indicator_snapshots,
                and_(
                    snapshot.instrument_id == bars.c.instrument_id,
                    snapshot.timeframe == bars.c.timeframe,
                    snapshot.close_time == bars.c.close_time,
                ),
            )
            .where(
                bars.c.instrument_id == instrument_id,
                bars.c.timeframe == timeframe.value,
                bars.c.close_time == close_time,
            )
        )
        with reading(self._engine) as connection:
            row = connection.execute(query).first()
        # Values that are not finite, as those of a warm-up, are left out when a snapshot is stored.
        if row is None or row.value is None:
            return None
        return IndicatorReading(row.close, Decimal(row.value))

    def close_price(self, instrument_id: InstrumentId, timeframe: Timeframe, close_time: datetime) -> Decimal | None:
        """The close of one row of ``bars``, in quote currency."""
        query = select(bars.c.close).where(
            bars.c.instrument_id == instrument_id, bars.c.timeframe == timeframe.value, bars.c.close_time == close_time
        )
        with reading(self._engine) as connection:
            found: Decimal | None = connection.execute(query).scalar()
            return found

    def best_price(
        self, instrument_id: InstrumentId, timeframe: Timeframe, after: datetime, until: datetime, bias: Bias
    ) -> Decimal | None:
        """The extreme of rows of ``bars``, quote currency."""
        extreme = func.max(bars.c.high) if bias is Bias.LONG else func.min(bars.c.low)
        query = select(extreme).where(
            bars.c.instrument_id == instrument_id,
            bars.c.timeframe == timeframe.value,
            bars.c.close_time > after,
            bars.c.close_time <= until,
        )
        with reading(self._engine) as connection:
            found: Decimal | None = connection.execute(query).scalar()
            return found
