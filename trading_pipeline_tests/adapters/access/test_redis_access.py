"""What is counted and remembered in Redis, for every process together."""

from uuid import uuid4

import pytest

from trading_pipeline.adapters.access.redis_limits import RedisLimits
from trading_pipeline.adapters.access.redis_tickets import RedisTickets
from trading_pipeline.domain.model.errors import NotSignedIn, ServerAway, TooManyRequests

NOWHERE = "redis://127.0.0.1:1/0"


def test_two_processes_count_together(redis_url: str) -> None:
    key, one, other = uuid4().hex, RedisLimits(redis_url), RedisLimits(redis_url)
    one.spend(key, 2, 3600)
    other.spend(key, 2, 3600)
    with pytest.raises(TooManyRequests, match="more than 2 requests") as refused:
        one.spend(key, 2, 3600)
    assert 1 <= refused.value.retry_after_s <= 7200
    other.spend(uuid4().hex, 2, 3600)


def test_a_ticket_is_good_once(redis_url: str) -> None:
    tickets = RedisTickets(redis_url)
    ticket = tickets.issue("token")
    assert tickets.redeem(ticket) == "token"
    for used in (ticket, "never issued"):
        with pytest.raises(NotSignedIn, match="good once"):
            tickets.redeem(used)


def test_where_redis_is_away_it_is_named() -> None:
    with pytest.raises(ServerAway, match="Redis does not answer") as away:
        RedisLimits(NOWHERE).spend("key", 1, 1)
    assert away.value.component == "redis"
    with pytest.raises(ServerAway):
        RedisTickets(NOWHERE).issue("token")
