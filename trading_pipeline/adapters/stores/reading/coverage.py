"""Coverage out of the tables of bars and verdicts."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Column, ColumnElement, Connection, Engine, func, select

from trading_pipeline.adapters.stores.postgres.database import reading
from trading_pipeline.adapters.stores.postgres.tables import bars, data_checks
from trading_pipeline.domain.model.coverage import DayCoverage
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe

_DAY = timedelta(days=1)


def coverage(
    engine: Engine, instrument_id: InstrumentId, timeframe: Timeframe, since: datetime, until: datetime
) -> list[DayCoverage]:
    """Every day from ``since`` to the one before ``until``, both midnights in UTC, oldest first; empty days, too.

    A bar lies on the day that it opens in, like the partition that holds it.
    """
    grid = (instrument_id, timeframe)
    with reading(engine) as connection:
        stored = _by_day(connection, bars.c.open_time, timedelta(0), grid, since, until)
        failed = _by_day(
            connection, data_checks.c.close_time, timeframe.duration, grid, since, until, ~data_checks.c.passed
        )
    days = [since + _DAY * number for number in range((until - since) // _DAY)]
    expected = _DAY // timeframe.duration
    return [DayCoverage(day, stored.get(day, 0), expected, failed.get(day, 0)) for day in days]


def _by_day(
    connection: Connection,
    at: Column[datetime],
    later: timedelta,
    grid: tuple[InstrumentId, Timeframe],
    since: datetime,
    until: datetime,
    *conditions: ColumnElement[bool],
) -> dict[datetime, int]:
    """:param later: by how much ``at`` is later than the opening that the day is that of."""
    table, (instrument_id, timeframe) = at.table.c, grid
    day = func.date_trunc("day", at - later, "UTC")
    # The column itself is compared, as its index knows it: not every verdict there ever was is looked at.
    span = (at >= since + later, at < until + later)
    query = (
        select(day.label("day"), func.count().label("rows"))
        .where(table.instrument_id == instrument_id, table.timeframe == timeframe.value, *span, *conditions)
        .group_by(day)
    )
    return {row.day.astimezone(UTC): row.rows for row in connection.execute(query)}
