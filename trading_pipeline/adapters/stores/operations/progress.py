"""How far the pipeline has come: what a lock-step clock waits for before it moves on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, text

from trading_pipeline.adapters.stores.postgres.database import reading
from trading_pipeline.domain.model.timeframes import Timeframe

_UNFINISHED = text("""
SELECT
  (SELECT count(*) FROM trading.waves
    WHERE close_time = CAST(:wave AS timestamptz) AND timeframe = ANY(:timeframes)
      AND computed_at IS NOT NULL) AS computed,
  (SELECT count(*) FROM trading.trade_plans WHERE status IN ('new', 'claimed')) AS plans,
  (SELECT count(*) FROM trading.order_intents WHERE state IN ('intended', 'sent', 'unknown')) AS intents,
  (SELECT count(*) FROM trading.positions WHERE status = 'opening'
      OR (status = 'open' AND opened_at < CAST(:wave AS timestamptz)
          AND (managed_through IS NULL OR managed_through < CAST(:wave AS timestamptz)))) AS positions,
  (SELECT count(*) FROM trading.positions WHERE booked_fills > followed_fills) AS unfollowed,
  (SELECT count(*) FROM trading.fills) AS fills
""")


@dataclass(frozen=True, slots=True)
class Progress:
    """What is left to do about one wave, or about one account event.

    :param uncomputed: timeframes whose plans are not stored yet.
    :param fills: fills booked so far, to be compared with the venue's count.
    """

    uncomputed: int
    open_plans: int
    open_intents: int
    unmanaged_positions: int
    unfollowed_positions: int
    fills: int

    def settled(self, executions: int) -> bool:
        """Whether nothing is left, given the number of executions the venue counts."""
        waiting = self.uncomputed + self.open_plans + self.open_intents + self.unmanaged_positions
        return waiting + self.unfollowed_positions == 0 and self.fills >= executions


def progress(engine: Engine, wave: datetime | None, timeframes: Sequence[Timeframe]) -> Progress:
    """Read the progress of the wave that closes at ``wave``; of what happened between two waves where it is ``None``.

    :param timeframes: those of which a bar closes at ``wave``.
    """
    with reading(engine) as connection:
        row = connection.execute(_UNFINISHED, {"wave": wave, "timeframes": [str(item) for item in timeframes]}).one()
    # Without a wave there are no timeframes, and no row equals its NULL: nothing is left to compute.
    uncomputed = len(timeframes) - row.computed
    return Progress(uncomputed, row.plans, row.intents, row.positions, row.unfollowed, row.fills)
