"""One call, one request; reads try again, writes never."""

import time

import pytest

from trading_pipeline.adapters.venues.bybit.client import BybitClient
from trading_pipeline.adapters.venues.bybit.payload import text
from trading_pipeline.domain.model.errors import (
    ConfigurationError,
    OrderOutcomeUnknown,
    OrderRejectedByVenue,
    TemporaryVenueError,
    TradingError,
    TradingForbiddenByVenue,
    TurnedAway,
)
from trading_pipeline_tests.adapters.venues.bybit.scripted_venue import Reply, ScriptedVenue

CREATE = "order/create"
LIMITED = {"X-Bapi-Limit-Reset-Timestamp": "1"}


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply(lost=True), OrderOutcomeUnknown),
        (Reply(status=502), OrderOutcomeUnknown),
        (Reply(raw=b"<html>"), OrderOutcomeUnknown),
        (Reply(raw=b"[]"), OrderOutcomeUnknown),
        (Reply(raw=b"null"), OrderOutcomeUnknown),
        (Reply(raw=b'{"retCode": 0}'), OrderOutcomeUnknown),
        (Reply(code=10000), OrderOutcomeUnknown),
        (Reply(code=10006, headers=LIMITED), TurnedAway),
        (Reply(status=429), TurnedAway),
        (Reply(code=10002), TurnedAway),
        (Reply(code=110007), OrderRejectedByVenue),
        (Reply(code=10003), TradingForbiddenByVenue),
        (Reply(status=403), TurnedAway),
    ],
)
def test_a_write_is_sent_once_and_its_failure_sorted(
    venue: ScriptedVenue, client: BybitClient, reply: Reply, expected: type[TradingError]
) -> None:
    venue.script(CREATE, reply)
    with pytest.raises(expected):
        client.write(client.http.place_order, category="linear")
    assert len(venue.asked(CREATE)) == 1


def test_a_silent_venue_leaves_the_outcome_unknown() -> None:
    client = BybitClient("http://127.0.0.1:9", "key", "secret", timeout_s=0.5)
    with pytest.raises(OrderOutcomeUnknown):
        client.write(client.http.place_order, category="linear")


@pytest.mark.parametrize(
    "failure",
    [Reply(lost=True), Reply(status=502), Reply(raw=b"<html>"), Reply(raw=b"[]"), Reply(code=10016), Reply(code=10002)],
)
def test_a_read_survives_one_failure(venue: ScriptedVenue, client: BybitClient, failure: Reply) -> None:
    venue.script("user/query-api", failure, Reply({"userID": 7}))
    user = client.read(client.http.get_api_key_information, lambda answer: text(answer.result, "userID"))
    assert user == "7"


def test_a_read_gives_up_after_its_attempts(venue: ScriptedVenue, client: BybitClient) -> None:
    venue.script("market/time", Reply(status=502))
    with pytest.raises(TemporaryVenueError, match="502"):
        client.read(client.http.get_server_time, lambda answer: answer.time)
    assert len(venue.asked("market/time")) == 2


@pytest.mark.parametrize("code", [10003, 10004, 33004, 10001])
def test_a_read_does_not_repeat_what_a_human_has_to_change(
    venue: ScriptedVenue, client: BybitClient, code: int
) -> None:
    venue.script("user/query-api", Reply(code=code))
    with pytest.raises((ConfigurationError, TradingForbiddenByVenue), match=str(code)):
        client.read(client.http.get_api_key_information, lambda answer: answer.time)
    assert len(venue.asked("user/query-api")) == 1


def test_a_limited_read_waits_until_the_venue_says(venue: ScriptedVenue, client: BybitClient) -> None:
    reset = {"X-Bapi-Limit-Reset-Timestamp": str(int(time.time() * 1000) + 300)}
    venue.script("market/time", Reply(code=10006, headers=reset), Reply())
    began = time.monotonic()
    client.read(client.http.get_server_time, lambda answer: answer.time)
    assert time.monotonic() - began > 0.2


def test_private_calls_without_a_key_say_which_setting_is_missing(venue: ScriptedVenue) -> None:
    client = BybitClient(venue.url, "", "")
    with pytest.raises(ConfigurationError, match="BYBIT_API_KEY"):
        client.write(client.http.place_order, category="linear")


def test_pages_are_followed_until_the_cursor_ends(venue: ScriptedVenue, client: BybitClient) -> None:
    venue.script(
        "execution/list",
        Reply({"list": [{"execId": "3"}, {"execId": "2"}], "nextPageCursor": "a%3A2"}),
        Reply({"list": [{"execId": "1"}], "nextPageCursor": ""}),
    )
    found = client.read_pages(client.http.get_executions, lambda row: text(row, "execId"), category="linear")
    assert found == ["3", "2", "1"]
    assert venue.asked("execution/list")[1]["cursor"] == "a:2"
