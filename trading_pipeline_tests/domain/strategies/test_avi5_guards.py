from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.strategies.avi5_guards import Moment, entry_obstacle

NOW = datetime(2024, 1, 1, 12, 5, 1, tzinfo=UTC)
GOOD = Moment(
    bar_confirmed=True,
    bar_closed_at=NOW - timedelta(seconds=1),
    book_at=NOW - timedelta(seconds=1),
    book_gap_open=False,
    spread_bps=5.0,
    depth_notional=1_000_000.0,
    next_funding_at=NOW + timedelta(minutes=15),
)


def test_a_good_moment_has_no_obstacle_and_fifteen_minutes_are_enough() -> None:
    assert entry_obstacle(GOOD, NOW) == ""


@pytest.mark.parametrize(
    ("change", "obstacle"),
    [
        ({"bar_confirmed": False}, "bar_not_confirmed"),
        ({"book_at": None}, "book_unknown"),
        ({"spread_bps": None}, "book_unknown"),
        ({"book_gap_open": True}, "book_gap_open"),
        ({"book_at": NOW - timedelta(seconds=5)}, "book_stale"),
        ({"spread_bps": 6.0}, "spread"),
        ({"bar_closed_at": NOW - timedelta(seconds=6)}, "bar_stale"),
        ({"next_funding_at": None}, "funding_unknown"),
        ({"next_funding_at": NOW + timedelta(minutes=14)}, "funding_near"),
        ({"depth_notional": None}, "depth_unknown"),
        ({"depth_notional": 999_999.0}, "depth"),
    ],
)
def test_the_first_obstacle_is_named_and_unknown_forbids(change: dict[str, object], obstacle: str) -> None:
    assert entry_obstacle(replace(GOOD, **change), NOW) == obstacle  # type: ignore[arg-type]


def test_a_negative_limit_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="max_spread_bps"):
        entry_obstacle(GOOD, NOW, -1)
