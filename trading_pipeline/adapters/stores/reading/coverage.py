"""Coverage out of the tables of bars and verdicts."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Column, ColumnElement, Connection, Engine, Select, Table, and_, func, select

from trading_pipeline.adapters.stores.postgres.answers import AGAINST, JUDGED
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
        ours = select().select_from(bars).where(_of(bars, instrument_id, timeframe))
        stored = _by_day(connection, ours, bars.c.open_time, timedelta(0), since, until)
        against = select().select_from(JUDGED).where(_of(data_checks, instrument_id, timeframe), AGAINST)
        failed = _by_day(connection, against, data_checks.c.close_time, timeframe.duration, since, until)
    days = [since + _DAY * number for number in range((until - since) // _DAY)]
    expected = _DAY // timeframe.duration
    return [DayCoverage(day, stored.get(day, 0), expected, failed.get(day, 0)) for day in days]


def _of(table: Table, instrument_id: InstrumentId, timeframe: Timeframe) -> ColumnElement[bool]:
    return and_(table.c.instrument_id == instrument_id, table.c.timeframe == timeframe.value)


def _by_day(
    connection: Connection,
    rows: Select[()],
    at: Column[datetime],
    later: timedelta,
    since: datetime,
    until: datetime,
) -> dict[datetime, int]:
    """How many of the rows there are of each day.

    :param later: by how much ``at`` is later than the opening that the day is that of.
    """
    day = func.date_trunc("day", at - later, "UTC")
    query = (
        rows.add_columns(day.label("day"), func.count().label("rows"))
        # The column itself is compared, as its index knows it: not every verdict there ever was is looked at.
        .where(at >= since + later, at < until + later)
        .group_by(day)
    )
    return {row.day.astimezone(UTC): row.rows for row in connection.execute(query)}
