"""What strategies said since a position was opened."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Engine, not_, select, text

from trading_pipeline.adapters.stores.postgres.database import reading
from trading_pipeline.adapters.stores.postgres.tables import signals
from trading_pipeline.adapters.stores.strategy.signal_store import signal_of
from trading_pipeline.domain.model.checks import CheckName
from trading_pipeline.domain.model.plans import TradePlan
from trading_pipeline.domain.model.signals import UNTRADED, Bias, Signal, SignalKind
from trading_pipeline.ports.stores.execution.signal_reader import SignalReader

_FAILED = "a strategy failed about the instrument"
_UNCOMPUTED = "nothing is computed of its bar"
# Numbers are stored of exactly the bars that strategies are asked about.
_UNHEARD = text(f"""
SELECT due.close_time, wave.close_time IS NOT NULL AS failed,
    (SELECT string_agg(answer.name || ': ' || answer.detail, '; ' ORDER BY answer.name)
     FROM trading.data_checks AS bar
     CROSS JOIN LATERAL (VALUES {", ".join(f"('{name}', bar.{name})" for name in CheckName)}) AS answer(name, detail)
     WHERE bar.instrument_id = :instrument_id AND bar.timeframe = :timeframe
         AND bar.close_time = due.close_time AND NOT bar.passed AND answer.detail <> '') AS against
FROM unnest(CAST(:closes AS timestamptz[])) AS due(close_time)
LEFT JOIN trading.waves AS wave ON wave.close_time = due.close_time AND wave.timeframe = :timeframe
    AND :instrument_id = ANY(wave.unanswered)
WHERE wave.close_time IS NOT NULL OR NOT EXISTS (
    SELECT FROM trading.indicator_snapshots AS snapshot
    WHERE snapshot.instrument_id = :instrument_id AND snapshot.timeframe = :timeframe
        AND snapshot.close_time = due.close_time)
ORDER BY due.close_time
""")  # noqa: S608 (names of columns)


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
                not_(signals.c.details.has_key(UNTRADED)),
            )
            # After an outage several may have come: the position was to be left at the first.
            .order_by(signals.c.close_time)
            .limit(1)
        )
        with reading(self._engine) as connection:
            row = connection.execute(query).first()
        return None if row is None else signal_of(row)

    def unheard(self, plan: TradePlan, closes: Sequence[datetime]) -> dict[datetime, str]:
        """Closes without numbers, or in whose wave a strategy failed about the instrument."""
        asked = {"instrument_id": plan.instrument_id, "timeframe": plan.timeframe.value, "closes": list(closes)}
        with reading(self._engine) as connection:
            rows = connection.execute(_UNHEARD, asked).all()
        return {row.close_time: row.against or (_FAILED if row.failed else _UNCOMPUTED) for row in rows}
