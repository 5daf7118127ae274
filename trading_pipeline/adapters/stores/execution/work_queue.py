"""What waits for a run: plans to execute, positions to manage, fills to follow. Sensors ask; runs do."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, and_, exists, func, or_, select, text

from trading_pipeline.adapters.stores.execution.decided_closes import decided
from trading_pipeline.adapters.stores.execution.ledger_rows import LIVE_STATUSES, entering, unfollowed
from trading_pipeline.adapters.stores.postgres.database import reading
from trading_pipeline.adapters.stores.postgres.tables import positions, trade_plans
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.plans import PlanStatus

_PLANS = (
    select(
        trade_plans.c.plan_id,
        trade_plans.c.instrument_id,
        trade_plans.c.strategy,
        trade_plans.c.close_time,
        func.coalesce(trade_plans.c.claimed_by, "").label("claimed_by"),
    )
    .where(
        or_(
            and_(trade_plans.c.status == PlanStatus.NEW.value, decided(trade_plans.c.close_time)),
            and_(
                trade_plans.c.status == PlanStatus.CLAIMED.value,
                trade_plans.c.claimed_until < func.clock_timestamp(),
            ),
        )
    )
    .order_by(trade_plans.c.plan_id)
)
_GOING_ON = select(
    or_(
        exists().where(trade_plans.c.status == PlanStatus.CLAIMED.value),
        exists().where(positions.c.status.in_(LIVE_STATUSES)),
    )
)
# A close is left to its run until every timeframe of it is there: exits of one and entries of another are decided
# together. What was opened by this very close has nothing to be managed for in it.
_UNMANAGED = text("""
SELECT max(wave.close_time) FROM trading.waves wave
WHERE wave.computed_at IS NOT NULL
  AND NOT EXISTS (SELECT FROM trading.waves other
                  WHERE other.close_time = wave.close_time AND other.computed_at IS NULL AND other.given_up_at IS NULL)
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
    instrument_id: InstrumentId
    strategy: str
    close_time: datetime
    claimed_by: str


class WorkQueue:
    """Reads, never writes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def waiting_plans(self) -> list[WaitingPlan]:
        """Plans that a run could claim now: those of a close that is not decided as a whole are left out."""
        with reading(self._engine) as connection:
            return [WaitingPlan(**row) for row in connection.execute(_PLANS).mappings()]

    def unfollowed_fills(self) -> list[str]:
        """Positions whose fills nobody follows, each as ``<position id>:<fills booked>``."""
        # With the count in its name, another fill of the same position is other work and gets a run of its own.
        fills = func.concat(positions.c.position_id, ":", positions.c.booked_fills).label("fills")
        with reading(self._engine) as connection:
            return list(connection.execute(select(fills).where(unfollowed()).order_by(fills)).scalars())

    def entering_positions(self) -> list[str]:
        """Positions whose entry rests at the venue or goes on after its first order."""
        with reading(self._engine) as connection:
            query = select(positions.c.position_id).where(entering()).order_by(positions.c.position_id)
            return list(connection.execute(query).scalars())

    def unmanaged_wave(self) -> datetime | None:
        """Close (UTC) of the newest computed wave that some open position has not been managed for."""
        with reading(self._engine) as connection:
            found: datetime | None = connection.execute(_UNMANAGED).scalar()
            return found

    def goes_on(self) -> bool:
        """Whether a plan is claimed or a position live: only of these can there be work that no event announced."""
        with reading(self._engine) as connection:
            return bool(connection.execute(_GOING_ON).scalar())
