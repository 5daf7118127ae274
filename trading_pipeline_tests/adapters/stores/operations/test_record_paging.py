"""Pages of a list give every record once, while others are stored."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, insert

from trading_pipeline.adapters.stores.postgres.tables import waves
from trading_pipeline.adapters.stores.reading.record_reader import PostgresRecordReader
from trading_pipeline.domain.model.errors import ConfigurationError, UnknownName
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.records import Position, RecordQuestion, cursor_of
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.model.universe import Universe
from trading_pipeline.services.operations.read_records import Listed, list_records

START = datetime(2025, 11, 3, tzinfo=UTC)
UNIVERSE = Universe("bybit", START, (InstrumentId("BTCUSDT.BYBIT"),), (Timeframe.M15,))
# few instants and several timeframes, so that many rows share the first field of the order
Row = tuple[int, str]
rows = st.tuples(st.integers(0, 6), st.sampled_from(["15m", "30m", "1h"]))


def store(database: Engine, several: set[Row]) -> None:
    values = [{"close_time": START + timedelta(hours=hour), "timeframe": timeframe} for hour, timeframe in several]
    if values:
        with database.begin() as connection:
            connection.execute(insert(waves), values)


def page(database: Engine, cursor: str = "", **asked: object) -> Listed:
    question = RecordQuestion("waves", **asked)  # type: ignore[arg-type]
    return list_records(reader=PostgresRecordReader(database), universe=UNIVERSE, question=question, cursor=cursor)


def keys(listed: Listed) -> list[Row]:
    return [((one["close_time"] - START) // timedelta(hours=1), one["timeframe"]) for one in listed.items]  # type: ignore[operator]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sets(rows), min_size=1, max_size=6), st.integers(1, 4), st.booleans())
def test_nothing_comes_twice_and_nothing_is_lost_while_rows_arrive(
    database: Engine, arrivals: list[set[Row]], limit: int, newest_first: bool
) -> None:
    with database.begin() as connection:
        connection.execute(delete(waves))
    first, *later = arrivals
    stored = set(first)
    store(database, first)
    listed = page(database, limit=limit, newest_first=newest_first)
    seen = keys(listed)
    while listed.next_cursor:
        new = (later.pop() if later else set()) - stored
        store(database, new)
        stored |= new
        listed = page(database, listed.next_cursor, limit=limit, newest_first=newest_first)
        assert 0 < len(listed.items) <= limit
        seen += keys(listed)
    assert sorted(seen, reverse=newest_first) == seen
    assert len(set(seen)) == len(seen)
    assert set(first) <= set(seen) <= stored


def test_a_span_of_time_has_its_beginning_and_not_its_end(database: Engine) -> None:
    store(database, {(hour, "1h") for hour in range(6)})
    span = {"since": START + timedelta(hours=2), "until": START + timedelta(hours=4)}
    assert keys(page(database, **span)) == [(3, "1h"), (2, "1h")]


def test_a_filter_takes_the_spelling_of_people(database: Engine) -> None:
    store(database, {(1, "1h"), (1, "15m")})
    assert keys(page(database, filters={"timeframe": "60"})) == [(1, "1h")]
    with pytest.raises(ConfigurationError, match="unknown timeframe '7m'"):
        page(database, filters={"timeframe": "7m"})


def test_a_cursor_goes_on_with_its_own_question_alone(database: Engine) -> None:
    store(database, {(hour, "1h") for hour in range(6)})
    cursor = page(database, limit=2).next_cursor
    assert cursor
    for asked in ({"newest_first": False}, {"filters": {"timeframe": "1h"}}):
        with pytest.raises(ConfigurationError, match="belongs to another question"):
            page(database, cursor, **asked)
    for forged in ("x", "e30", "W10", "WzFd", "W" * 900, "é"):
        with pytest.raises(ConfigurationError, match="cursor"):
            page(database, forged)


def test_a_forged_position_is_refused_by_its_field(database: Engine) -> None:
    question = RecordQuestion("waves")
    with pytest.raises(ConfigurationError, match="never gave"):
        page(database, cursor_of(question, Position(("yesterday", "1h"))))


def test_an_unknown_instrument_is_answered_with_the_nearest(database: Engine) -> None:
    reader = PostgresRecordReader(database)
    question = RecordQuestion("bars", {"instrument_id": "BTCUSD", "timeframe": "1h"})
    with pytest.raises(UnknownName, match=r"did you mean BTCUSDT\.BYBIT"):
        list_records(reader=reader, universe=UNIVERSE, question=question)
    with pytest.raises(ConfigurationError, match="instrument_id and timeframe"):
        list_records(reader=reader, universe=UNIVERSE, question=RecordQuestion("bars"))
