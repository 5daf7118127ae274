"""Which counts a request takes from, and what the venue says of them is passed on to every process."""

import time
from collections.abc import Sequence
from uuid import uuid4

import pytest
from requests import Request

from trading_pipeline.adapters.venues.bybit.client import BybitClient
from trading_pipeline.adapters.venues.bybit.trading import BybitTrading
from trading_pipeline.adapters.venues.bybit.transport import asked_by
from trading_pipeline.adapters.venues.request_limiter import HeldBack, Quota, RequestLimiter
from trading_pipeline.domain.model.errors import TurnedAway
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline_tests.adapters.venues.bybit.scripted_venue import Reply, ScriptedVenue

CANCEL, POSITIONS = "order/cancel", "position/list"
FLAT = {"symbol": "BTCUSDT", "size": "0"}
BTC = InstrumentId("BTCUSDT.BYBIT")


class Recording(RequestLimiter):
    """Gives leave, and keeps what it is told.

    :ivar shuts: which quotas were shut, and for how many seconds.
    """

    def __init__(self) -> None:
        self.taken: list[Sequence[Quota]] = []
        self.shuts: list[tuple[str, float]] = []
        self.sizes: list[tuple[str, int]] = []

    def take(self, quotas: Sequence[Quota]) -> None:
        """Keep."""
        self.taken.append(quotas)

    def shut(self, name: str, for_s: float) -> None:
        """Keep."""
        self.shuts.append((name, for_s))

    def resize(self, name: str, requests: int) -> None:
        """Keep."""
        self.sizes.append((name, requests))


@pytest.fixture
def limiter() -> Recording:
    return Recording()


@pytest.fixture
def counted(venue: ScriptedVenue, limiter: Recording) -> BybitClient:
    return BybitClient(venue.url, "key", "secret", 2.0, attempts=1, limiter=limiter)


def cancel(client: BybitClient) -> None:
    client.write(client.http.cancel_order, category="linear", symbol="BTCUSDT", orderLinkId="plan_TP1")


def limits(limit: int, left: int, reset_in_s: float = 60.0) -> dict[str, str]:
    reset_ms = int((time.time() + reset_in_s) * 1000)
    return {
        "X-Bapi-Limit": str(limit),
        "X-Bapi-Limit-Status": str(left),
        "X-Bapi-Limit-Reset-Timestamp": str(reset_ms),
    }


def quotas(method: str, path: str, key: str = "key", **request: str) -> list[Quota]:
    signed = Request(method, f"https://api.bybit.com{path}", headers={"X-BAPI-API-KEY": key}, **request).prepare()
    return asked_by(signed).quotas()


def test_an_order_takes_from_the_address_the_endpoint_and_its_symbol() -> None:
    address, endpoint, symbol = quotas("POST", "/v5/order/create", data='{"symbol": "BTCUSDT"}')
    assert (address.name, address.requests, address.window_s, address.share) == ("address", 600, 5.0, 1.0)
    assert (endpoint.requests, endpoint.window_s, endpoint.share) == (10, 1.0, 1.0)
    assert symbol == Quota(f"{endpoint.name}:BTCUSDT", 10, 1.0, 0.5, sized_by=endpoint.name)


def test_a_question_leaves_a_part_of_the_address_to_orders() -> None:
    address, endpoint, symbol = quotas("GET", "/v5/position/list?category=linear&symbol=BTCUSDT")
    assert (address.name, address.share, endpoint.requests) == ("address", 0.8, 50)
    assert symbol.name.endswith("/v5/position/list:BTCUSDT")


def test_unlisted_requests_take_from_the_address_alone() -> None:
    assert [one.name for one in quotas("GET", "/v5/market/kline?symbol=BTCUSDT")] == ["address"]


def test_accounts_are_counted_apart_and_no_key_is_shown() -> None:
    names = {quotas("POST", "/v5/order/create", key, data="{}")[1].name for key in ("one", "two")}
    assert len(names) == 2
    assert not any("one" in name or "two" in name for name in names)


def test_an_address_that_is_shut_out_tells_everybody_for_ten_minutes(
    venue: ScriptedVenue, limiter: Recording, counted: BybitClient
) -> None:
    venue.script(CANCEL, Reply(status=403))
    with pytest.raises(TurnedAway) as caught:
        cancel(counted)
    assert caught.value.retry_after_s == 600
    assert limiter.shuts == [("address", 600)]


@pytest.mark.parametrize(("left", "shut"), [(1, 0), (0, 1)])
def test_a_write_uses_the_venues_count_up(
    venue: ScriptedVenue, limiter: Recording, counted: BybitClient, left: int, shut: int
) -> None:
    venue.script(CANCEL, Reply(headers=limits(10, left)))
    cancel(counted)
    assert len(limiter.shuts) == shut


@pytest.mark.parametrize(("left", "shut"), [(3, 0), (2, 1), (0, 1)])
def test_a_question_leaves_the_last_of_it(
    venue: ScriptedVenue, limiter: Recording, counted: BybitClient, left: int, shut: int
) -> None:
    venue.script(POSITIONS, Reply({"list": [FLAT]}, headers=limits(50, left)))
    BybitTrading(counted).position(BTC)
    assert len(limiter.shuts) == shut


@pytest.mark.parametrize(("reset_in_s", "at_most"), [(-9, 0.05), (3, 3.0), (3600, 5.0)])
def test_no_clock_shuts_a_count_for_long(
    venue: ScriptedVenue, limiter: Recording, counted: BybitClient, reset_in_s: float, at_most: float
) -> None:
    venue.script(CANCEL, Reply(headers=limits(10, 0, reset_in_s)))
    cancel(counted)
    ((name, shut_s),) = limiter.shuts
    assert name.endswith(":/v5/order/cancel")
    assert 0 < shut_s <= at_most


def test_what_an_account_is_granted_is_passed_on_once(
    venue: ScriptedVenue, limiter: Recording, counted: BybitClient
) -> None:
    venue.script(CANCEL, Reply(headers=limits(10, 9)), Reply(headers=limits(20, 19)))
    for _ in range(3):
        cancel(counted)
    ((name, size),) = limiter.sizes
    assert (name.endswith(":/v5/order/cancel"), size) == (True, 20)


def test_one_process_waits_for_what_the_venue_told_another(venue: ScriptedVenue, redis_url: str) -> None:
    name = uuid4().hex
    one, other = (
        BybitClient(venue.url, "key", "secret", 2.0, attempts=1, limiter=RequestLimiter(redis_url, name))
        for _ in range(2)
    )
    venue.script(CANCEL, Reply(headers=limits(10, 0, 0.2)), Reply(status=403))
    cancel(one)
    with pytest.raises(TurnedAway, match="403"):
        cancel(other)
    with pytest.raises(HeldBack):
        cancel(one)
    assert len(venue.asked(CANCEL)) == 2
