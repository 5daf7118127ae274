import asyncio
import hashlib
import hmac
import time
from collections.abc import MutableMapping
from typing import Any

import pytest
import requests

from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.exchange_simulator.application import Application
from trading_pipeline.exchange_simulator.assembly import build
from trading_pipeline.exchange_simulator.authentication import credentials_for, verify_request
from trading_pipeline.exchange_simulator.configuration import Configuration
from trading_pipeline.exchange_simulator.rate_limits import AddressLimits, RateLimits
from trading_pipeline.exchange_simulator.rejections import Rejection
from trading_pipeline.exchange_simulator.server import Addresses
from trading_pipeline_tests.exchange_simulator.conftest import START

KEYS = credentials_for("test")
VIRTUAL, WALL = 1_000_000, 9_000_000


def headers(timestamp: int, payload: str, window: str = "5000", secret: str = KEYS.api_secret) -> dict[str, str]:
    text = f"{timestamp}{KEYS.api_key}{window}{payload}"
    sign = hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    return {
        "x-bapi-api-key": KEYS.api_key,
        "x-bapi-timestamp": str(timestamp),
        "x-bapi-recv-window": window,
        "x-bapi-sign": sign,
    }


@pytest.mark.parametrize("timestamp", [VIRTUAL, VIRTUAL - 5000, VIRTUAL + 999, WALL, WALL - 5000, WALL + 999])
def test_timestamp_that_fits_either_clock_is_accepted(timestamp: int) -> None:
    assert verify_request(KEYS, headers(timestamp, "a=1"), "a=1", (VIRTUAL, WALL)) is None


@pytest.mark.parametrize("timestamp", [VIRTUAL - 5001, VIRTUAL + 1000, WALL - 5001, WALL + 1000])
def test_timestamp_outside_both_windows_is_refused(timestamp: int) -> None:
    with pytest.raises(Rejection) as caught:
        verify_request(KEYS, headers(timestamp, "a=1"), "a=1", (VIRTUAL, WALL))
    assert caught.value.code == 10002


def test_wider_window_admits_older_requests() -> None:
    assert verify_request(KEYS, headers(VIRTUAL - 8000, "", "9000"), "", (VIRTUAL, WALL)) is None


@pytest.mark.parametrize(
    ("changes", "payload", "code"),
    [
        ({}, "a=2", 10004),
        ({"x-bapi-sign": "0" * 64}, "a=1", 10004),
        ({"x-bapi-api-key": "other"}, "a=1", 10003),
        ({"x-bapi-sign": ""}, "a=1", 10003),
        ({"x-bapi-timestamp": "soon"}, "a=1", 10001),
    ],
)
def test_changed_request_is_refused(changes: dict[str, str], payload: str, code: int) -> None:
    with pytest.raises(Rejection) as caught:
        verify_request(KEYS, headers(VIRTUAL, "a=1") | changes, payload, (VIRTUAL, WALL))
    assert caught.value.code == code


def test_request_without_headers_is_unauthorised(venue: Addresses) -> None:
    response = requests.get(f"{venue.rest_url}/v5/order/realtime?category=linear", timeout=5)
    assert (response.status_code, response.json()["retCode"]) == (401, 10003)


def test_secret_does_not_show_in_a_representation() -> None:
    assert KEYS.api_secret not in repr(KEYS)


def test_eleventh_order_of_any_second_exceeds_the_limit_and_places_come_free_one_by_one() -> None:
    now = [100.5]
    limits = RateLimits(lambda: now[0])
    usages = [limits.count("/v5/order/create") for _ in range(9)]
    now[0] = 101.0
    usages += [limits.count("/v5/order/create") for _ in range(2)]
    assert [usage.remaining for usage in usages if usage] == [9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0]
    assert [usage.exceeded for usage in usages if usage] == [False] * 10 + [True]
    assert [usage.reset_ms for usage in usages[-2:] if usage] == [101_000, 101_500]
    now[0] = 101.5
    fresh = limits.count("/v5/order/create")
    assert fresh is not None
    assert (fresh.remaining, fresh.exceeded) == (8, False)


def test_a_batch_gets_the_places_that_are_left_and_counts_for_as_many() -> None:
    limits = RateLimits(lambda: 100.5)
    granted = []
    for wanted in (8, 5, 1):
        usage = limits.count("/v5/order/create-batch", wanted)
        assert usage is not None
        granted.append((limits.granted, usage.remaining, usage.exceeded))
    assert granted == [(8, 2, False), (2, 0, False), (0, 0, True)]


def test_six_hundred_and_first_request_of_any_five_seconds_is_forbidden_for_ten_minutes() -> None:
    now = [104.0]
    limits = AddressLimits(lambda: now[0])
    assert not any(limits.exceeded("10.0.0.1") for _ in range(300))
    now[0] = 108.9
    assert [limits.exceeded("10.0.0.1") for _ in range(301)] == [False] * 300 + [True]
    assert not limits.exceeded("10.0.0.2")
    now[0] = 708.8
    assert limits.exceeded("10.0.0.1")
    now[0] = 708.9
    assert not limits.exceeded("10.0.0.1")


def test_an_address_is_shut_out_over_http_whatever_it_asks_for_and_no_other_notices() -> None:
    venue = build(Configuration(("BTCUSDT",), seed=7, start=START, lock_step=Timeframe.M15), "test")
    statuses: list[int] = []

    async def ask(address: str, path: str) -> None:
        scope = {"type": "http", "method": "GET", "path": path, "headers": [], "query_string": b""}

        async def send(message: MutableMapping[str, Any]) -> None:
            statuses.extend([message["status"]] if "status" in message else [])

        await Application(venue)(scope | {"client": (address, 1)}, never, send)

    async def crowd() -> None:
        for _ in range(600):
            await ask("10.0.0.1", "/v5/no/such/page")
        for address in ("10.0.0.1", "10.0.0.2"):
            await ask(address, "/v5/market/time")

    asyncio.run(crowd())
    assert statuses == [404] * 600 + [403, 200]


async def never() -> dict[str, Any]:
    raise AssertionError("a GET has no body")


def test_answers_carry_the_limit_headers_and_excess_is_refused(venue: Addresses) -> None:
    codes = []
    for _ in range(25):
        timestamp = int(time.time() * 1000)
        text = f"{timestamp}{venue.api_key}5000"
        sign = hmac.new(venue.api_secret.encode(), text.encode(), hashlib.sha256).hexdigest()
        signed = {"X-BAPI-API-KEY": venue.api_key, "X-BAPI-TIMESTAMP": str(timestamp), "X-BAPI-SIGN": sign}
        response = requests.get(f"{venue.rest_url}/v5/user/query-api", headers=signed, timeout=5)
        codes.append(response.json()["retCode"])
    assert set(codes) == {0, 10006}
    assert response.headers["X-Bapi-Limit"] == "10"
    assert int(response.headers["X-Bapi-Limit-Reset-Timestamp"]) >= timestamp
