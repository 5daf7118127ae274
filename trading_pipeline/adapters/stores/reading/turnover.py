"""Who is traded most, out of stored bars."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import Engine, func, select

from trading_pipeline.adapters.stores.postgres.database import reading
from trading_pipeline.adapters.stores.postgres.tables import bars
from trading_pipeline.domain.model.timeframes import Timeframe


@dataclass(frozen=True, slots=True)
class DayTurnover:
    """What an instrument was traded for in the 24 hours before ``until``.

    :param turnover: quote currency.
    :param bars: of which it is the sum; fewer than a day has where some are missing.
    :param until: close of the newest bar of all (UTC).
    """

    instrument_id: str
    turnover: Decimal
    bars: int
    until: datetime


def most_traded(engine: Engine, timeframe: Timeframe, most: int) -> Sequence[DayTurnover]:
    """Of the bars of a timeframe, the largest turnover first; nothing where no bar is stored."""
    bar = bars.c
    # The newest bar of all and not the clock: a replay's bars are of another time, and one instrument may lag.
    newest = select(func.max(bar.close_time)).where(bar.timeframe == timeframe.value)
    with reading(engine) as connection:
        until = connection.execute(newest).scalar()
        if until is None:
            return []
        turnover = func.sum(bar.turnover)
        rows = connection.execute(
            select(bar.instrument_id, turnover.label("turnover"), func.count().label("bars"))
            .where(bar.timeframe == timeframe.value, bar.close_time > until - timedelta(days=1))
            .group_by(bar.instrument_id)
            .order_by(turnover.desc(), bar.instrument_id)
            .limit(most)
        ).all()
    return [DayTurnover(row.instrument_id, row.turnover, row.bars, until) for row in rows]
