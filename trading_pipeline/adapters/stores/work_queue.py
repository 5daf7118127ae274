"""What waits for a run: plans to execute and positions to manage. Sensors ask; runs do."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, text

_PLANS = text("""
SELECT plan_id, symbol, strategy, close_time, coalesce(claimed_by, '') AS claimed_by FROM trading.trade_plans
WHERE status = 'new' OR (status = 'claimed' AND claimed_until < clock_timestamp())
ORDER BY plan_id
""")
_UNMANAGED = text("""
SELECT max(wave.close_time) FROM trading.waves wave
WHERE NOT EXISTS (SELECT FROM trading.waves other
                  WHERE other.close_time = wave.close_time AND other.computed_at IS NULL)
  AND EXISTS (SELECT FROM trading.positions
              WHERE status = 'open' AND opened_at < wave.close_time
                AND (managed_through IS NULL OR managed_through < wave.close_time))
""")


@dataclass(frozen=True, slots=True)
class WaitingPlan:
    """A plan nobody executes.

    :param claimed_by: the run whose claim ran out, empty when the plan was never claimed.
    """

    plan_id: str
    symbol: str
    strategy: str
    close_time: datetime
    claimed_by: str


class WorkQueue:
    """Reads, never writes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def waiting_plans(self) -> list[WaitingPlan]:
        """Plans that a run could claim now."""
        with self._engine.connect() as connection:
            return [WaitingPlan(**row) for row in connection.execute(_PLANS).mappings()]

    def unmanaged_wave(self) -> datetime | None:
        """The newest computed wave that some open position has not been managed for."""
        with self._engine.connect() as connection:
            found: datetime | None = connection.execute(_UNMANAGED).scalar()
            return found
