"""What is counted and remembered in Redis, for every process together."""

from uuid import uuid4

import pytest
import redis

from trading_pipeline.adapters.access.redis_limits import RedisLimits
from trading_pipeline.adapters.access.redis_tickets import LINK_LIFE_S, RedisTickets
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


def test_a_link_is_no_ticket_and_lives_for_ten_minutes(redis_url: str) -> None:
    kept_before = set(redis.Redis.from_url(redis_url).scan_iter("api-link:*"))
    link = RedisTickets(redis_url, "link", LINK_LIFE_S).issue("ann")
    with pytest.raises(NotSignedIn, match="no such ticket; each is good once, for 30 s"):
        RedisTickets(redis_url).redeem(link)
    (kept,) = set(redis.Redis.from_url(redis_url).scan_iter("api-link:*")) - kept_before
    assert link.encode() not in kept
    assert 590 < redis.Redis.from_url(redis_url).ttl(kept) <= 600
    assert RedisTickets(redis_url, "link", LINK_LIFE_S).redeem(link) == "ann"
