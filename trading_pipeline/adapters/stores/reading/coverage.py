"""Coverage out of the tables of bars and verdicts."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Engine, Table, func, select

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
    with reading(engine) as connection:
        stored = _by_day(connection, bars, bars.c.open_time, instrument_id, timeframe, since, until)
        opened = data_checks.c.close_time - timeframe.duration
        failed = _by_day(connection, data_checks, opened, instrument_id, timeframe, since, until, ~data_checks.c.passed)
    days = [since + _DAY * number for number in range((until - since) // _DAY)]
    expected = _DAY // timeframe.duration
    return [DayCoverage(day, stored.get(day, 0), expected, failed.get(day, 0)) for day in days]


def _by_day(
    connection: Connection,
    table: Table,
    opened: ColumnElement[datetime],
    instrument_id: InstrumentId,
    timeframe: Timeframe,
    since: datetime,
    until: datetime,
    *conditions: ColumnElement[bool],
) -> dict[datetime, int]:
    day = func.date_trunc("day", opened, "UTC")
    of_grid = (table.c.instrument_id == instrument_id, table.c.timeframe == timeframe.value)
    query = (
        select(day.label("day"), func.count().label("rows"))
        .where(*of_grid, opened >= since, opened < until, *conditions)
        .group_by(day)
    )
    return {row.day.astimezone(UTC): row.rows for row in connection.execute(query)}
