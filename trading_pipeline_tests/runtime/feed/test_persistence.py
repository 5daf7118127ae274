"""What the feed waits for, and what it does not."""

import asyncio
from collections.abc import Callable

import pytest
from sqlalchemy.exc import OperationalError

from trading_pipeline.domain.model.errors import ConfigurationError, ServerAway
from trading_pipeline.runtime.feed.persistence import retry_until_reachable

AWAY = ServerAway("redis", "Redis at localhost cannot be reached")


def failing_once(error: Exception) -> Callable[[], str]:
    failures = [error]

    def work() -> str:
        if failures:
            raise failures.pop()
        return "done"

    return work


@pytest.mark.parametrize("error", [AWAY, OperationalError("SELECT", {}, Exception("gone"))], ids=["redis", "database"])
def test_a_server_that_is_away_is_waited_for(error: Exception) -> None:
    assert asyncio.run(retry_until_reachable(failing_once(error), "work")) == "done"


def test_what_a_person_has_to_change_is_not_waited_for() -> None:
    with pytest.raises(ConfigurationError, match="no such instrument"):
        asyncio.run(retry_until_reachable(failing_once(ConfigurationError("no such instrument")), "work"))
