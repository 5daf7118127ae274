"""What partitions hold, for the metadata of their materialisations."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import Engine, Table, distinct, func, select

from trading_pipeline.adapters.stores.postgres.database import reading
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.partitions import PartitionRange


class PartitionContent(NamedTuple):
    """The rows of one instrument's day.

    :ivar version: another one whenever a row was added, rewritten or removed: a digest of their number and of the runs
        that wrote them. A row that would be the same is not written, so that a rerun keeps the version.
    """

    rows: int
    version: str


EMPTY = PartitionContent(0, "empty")
VERSION_KEY = "data_version"
"""The metadata under which a partition tells its version."""

PartitionContents = Mapping[tuple[InstrumentId, date], PartitionContent]
"""By instrument and UTC day; partitions without a row are left out."""


def partition_contents(engine: Engine, table: Table, scope: PartitionRange) -> PartitionContents:
    """What ``table`` has of the range.

    :param table: with the columns ``instrument_id``, ``timeframe``, ``close_time`` and ``run_id``.
    """
    columns = table.columns
    # a bar belongs to the day that it opens in
    day = func.date(func.timezone("UTC", columns.close_time - scope.timeframe.duration))
    query = (
        select(columns.instrument_id, day, func.count(), func.array_agg(distinct(columns.run_id)))
        .where(
            columns.instrument_id.in_(scope.instrument_ids),
            columns.timeframe == scope.timeframe.value,
            columns.close_time > scope.start,
            columns.close_time <= scope.end,
        )
        .group_by(columns.instrument_id, day)
    )
    if "open_time" in columns:  # which the key of bars is ordered by
        query = query.where(columns.open_time >= scope.start, columns.open_time < scope.end)
    with reading(engine) as connection:
        found = connection.execute(query).tuples().all()
    return {(InstrumentId(name), opened): _content(rows, run_ids) for name, opened, rows, run_ids in found}


def _content(rows: int, run_ids: Sequence[str | None]) -> PartitionContent:
    writers = ",".join(sorted(run_id or "" for run_id in run_ids))
    return PartitionContent(rows, f"{rows}-{hashlib.sha256(writers.encode()).hexdigest()[:16]}")
