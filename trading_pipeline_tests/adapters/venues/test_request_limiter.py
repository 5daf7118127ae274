"""Requests of several processes are counted together."""

from contextlib import suppress
from uuid import uuid4

import pytest

from trading_pipeline.adapters.venues.request_limiter import HeldBack, Quota, RequestLimiter

LONG = 600.0
"""Seconds that no test takes."""


@pytest.fixture
def venue() -> str:
    """A name nobody else counts under."""
    return uuid4().hex


def limiters(redis_url: str, venue: str) -> tuple[RequestLimiter, RequestLimiter]:
    """Those of two processes."""
    return RequestLimiter(redis_url, venue), RequestLimiter(redis_url, venue)


def held_back(limiter: RequestLimiter, *quotas: Quota) -> float:
    with pytest.raises(HeldBack) as caught:
        limiter.take(quotas)
    return caught.value.retry_after_s


def gets_leave(limiter: RequestLimiter, quota: Quota) -> bool:
    with suppress(HeldBack):
        limiter.take([quota])
        return True
    return False


def test_two_processes_share_what_there_is(redis_url: str, venue: str) -> None:
    one, other = limiters(redis_url, venue)
    quota = Quota("create", 3, LONG)
    for limiter in (one, other, one):
        limiter.take([quota])
    assert 0 < held_back(other, quota) <= LONG


def test_what_the_window_has_left_behind_is_free_again(redis_url: str, venue: str) -> None:
    one, _ = limiters(redis_url, venue)
    quota = Quota("create", 1, 0.001)
    one.take([quota])
    assert any(gets_leave(one, quota) for _ in range(10_000))


def test_a_held_request_takes_from_no_other_quota(redis_url: str, venue: str) -> None:
    one, _ = limiters(redis_url, venue)
    wide, narrow = Quota("endpoint", 2, LONG), Quota("endpoint:BTCUSDT", 1, LONG)
    one.take([wide, narrow])
    held_back(one, wide, narrow)
    one.take([wide])
    held_back(one, wide)


def test_who_may_use_a_part_leaves_the_rest_to_the_others(redis_url: str, venue: str) -> None:
    one, _ = limiters(redis_url, venue)
    asking, writing = Quota("address", 10, LONG, share=0.8), Quota("address", 10, LONG)
    for _ in range(8):
        one.take([asking])
    held_back(one, asking)
    for _ in range(2):
        one.take([writing])
    held_back(one, writing)


def test_a_shut_quota_is_never_shut_for_less(redis_url: str, venue: str) -> None:
    one, other = limiters(redis_url, venue)
    one.shut("address", LONG)
    other.shut("address", 1.0)
    assert held_back(other, Quota("address", 600, 5.0)) > LONG - 60
    other.take([Quota("elsewhere", 1, 5.0)])


def test_the_venue_may_say_that_a_quota_holds_more_or_less(redis_url: str, venue: str) -> None:
    one, other = limiters(redis_url, venue)
    one.resize("create", 4)
    of_symbol = Quota("create:BTCUSDT", 1, LONG, share=0.5, sized_by="create")
    for _ in range(2):
        other.take([of_symbol])
    held_back(other, of_symbol)


def test_a_share_of_little_is_one_request_at_least(redis_url: str, venue: str) -> None:
    one, _ = limiters(redis_url, venue)
    one.take([Quota("create", 1, LONG, share=0.5)])


def test_venues_are_counted_apart(redis_url: str, venue: str) -> None:
    quota = Quota("create", 1, LONG)
    RequestLimiter(redis_url, venue).take([quota])
    RequestLimiter(redis_url, f"{venue}-too").take([quota])


def test_without_redis_everybody_may_send_because_the_venue_counts_too() -> None:
    alone = RequestLimiter("redis://127.0.0.1:9", "venue")
    for _ in range(3):
        alone.take([Quota("create", 1, LONG)])
    alone.shut("create", LONG)
    alone.resize("create", 1)
