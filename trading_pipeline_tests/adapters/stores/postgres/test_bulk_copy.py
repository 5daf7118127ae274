"""Rows in by COPY."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from trading_pipeline.adapters.stores.postgres.bulk_copy import merge
from trading_pipeline.adapters.stores.postgres.tables import heartbeats

COLUMNS = ("component", "detail")


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",))))
def test_any_text_arrives_as_it_was_sent(database: Engine, detail: str) -> None:
    with database.begin() as connection:
        merge(connection, heartbeats, COLUMNS, [("feed", detail)])
        assert connection.execute(text("SELECT detail FROM trading.heartbeats")).scalar_one() == detail


def test_equal_rows_are_left_alone_and_others_follow(database: Engine) -> None:
    with database.begin() as connection:
        assert merge(connection, heartbeats, COLUMNS, [("api", "a"), ("feed", "b")]) == 2
        assert merge(connection, heartbeats, COLUMNS, [("api", "a"), ("feed", "c")]) == 1
        assert merge(connection, heartbeats, COLUMNS, []) == 0


def test_rows_that_were_staged_before_are_not_merged_again(database: Engine) -> None:
    with database.begin() as connection:
        merge(connection, heartbeats, COLUMNS, [("api", "a")])
    with database.begin() as connection:
        merge(connection, heartbeats, COLUMNS, [("feed", "b")])
        connection.execute(text("DELETE FROM trading.heartbeats"))
        assert merge(connection, heartbeats, COLUMNS, [("worker", "c")]) == 1
        assert connection.execute(text("SELECT component FROM trading.heartbeats")).scalars().all() == ["worker"]


def test_a_session_makes_its_temporary_table_once(database: Engine) -> None:
    made = set()
    # more often than the driver waits before it prepares a statement
    for detail in "abcdefgh":
        with database.begin() as connection:
            merge(connection, heartbeats, COLUMNS, [("api", detail)])
            made.add(connection.execute(text("SELECT 'staged_heartbeats'::regclass::oid")).scalar_one())
    assert len(made) == 1


@pytest.mark.parametrize(
    ("unless", "ignoring", "changed"),
    [("FALSE", (), 1), ("stored.detail = 'held'", (), 0), ("FALSE", ("detail",), 0)],
)
def test_a_row_differing_in_ignored_columns_stays(
    database: Engine, unless: str, ignoring: tuple[str, ...], changed: int
) -> None:
    with database.begin() as connection:
        merge(connection, heartbeats, COLUMNS, [("feed", "held")])
        assert merge(connection, heartbeats, COLUMNS, [("feed", "x")], unless=unless, ignoring=ignoring) == changed
