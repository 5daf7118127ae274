from datetime import UTC, datetime

import pytest
import requests
from pybit.unified_trading import HTTP

from trading_pipeline.exchange_simulator.server import Addresses
from trading_pipeline_tests.exchange_simulator.conftest import advance

START_MS = int(datetime(2025, 11, 1, tzinfo=UTC).timestamp() * 1000)
QUARTER_MS = 900_000


def klines(client: HTTP, **request: object) -> list[list[str]]:
    answer = client.get_kline(**({"category": "linear", "symbol": "BTCUSDT", "interval": "15"} | request))
    rows: list[list[str]] = answer["result"]["list"]
    return rows


def test_server_time_is_virtual_and_moves_one_bar_a_step(venue: Addresses, client: HTTP) -> None:
    assert client.get_server_time()["time"] == START_MS
    assert advance(venue)["now"] == "2025-11-01T00:15:00+00:00"
    assert client.get_server_time()["result"]["timeSecond"] == str((START_MS + QUARTER_MS) // 1000)


def test_klines_are_newest_first_and_begin_with_the_forming_bar(client: HTTP) -> None:
    rows = klines(client, limit=3)
    assert [int(row[0]) - START_MS for row in rows] == [0, -QUARTER_MS, -2 * QUARTER_MS]
    assert rows[0][1] == rows[0][4] == rows[1][4]
    assert float(rows[0][5]) == 0


def test_forming_hour_carries_what_its_closed_quarters_did(venue: Addresses, client: HTTP) -> None:
    advance(venue, 2)
    hour, quarters = klines(client, interval="60", limit=1)[0], klines(client, limit=3)[1:]
    assert float(hour[2]) == max(float(row[2]) for row in quarters)
    assert (hour[1], hour[4]) == (quarters[-1][1], quarters[0][4])


@pytest.mark.parametrize(
    ("start", "end", "offsets"),
    [
        (-3, -1, [-1, -2, -3]),
        (-1, 0, [0, -1]),
        (-1, 5, [0, -1]),
        (-3, -3, [-3]),
        (1, 5, []),
    ],
)
def test_start_and_end_are_both_inclusive(client: HTTP, start: int, end: int, offsets: list[int]) -> None:
    rows = klines(client, start=START_MS + start * QUARTER_MS, end=START_MS + end * QUARTER_MS)
    assert [(int(row[0]) - START_MS) // QUARTER_MS for row in rows] == offsets


@pytest.mark.parametrize(
    ("start", "limit", "offsets"),
    [(-5, 2, [-4, -5]), (-1, 2, [0, -1]), (-2, 2, [-1, -2]), (0, 5, [0]), (1, 5, [])],
)
def test_start_alone_pages_forward_from_there(client: HTTP, start: int, limit: int, offsets: list[int]) -> None:
    rows = klines(client, start=START_MS + start * QUARTER_MS, limit=limit)
    assert [(int(row[0]) - START_MS) // QUARTER_MS for row in rows] == offsets


def test_start_before_all_bars_begins_with_the_first(client: HTTP) -> None:
    [first] = klines(client, start=0, limit=1)
    assert int(first[0]) == int(datetime(2025, 1, 1, tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("interval", "opened"), [("120", "2025-11-01"), ("360", "2025-11-01"), ("W", "2025-10-27"), ("M", "2025-11-01")]
)
def test_coarse_intervals_are_served_up_to_months(client: HTTP, interval: str, opened: str) -> None:
    rows = klines(client, interval=interval, limit=3)
    assert f"{datetime.fromtimestamp(int(rows[0][0]) / 1000, UTC):%Y-%m-%d}" == opened
    assert len(rows) == 3


def test_pages_backwards_cover_every_bar_once(client: HTTP) -> None:
    end, seen = START_MS - QUARTER_MS, []
    for _ in range(3):
        page = klines(client, end=end, limit=1000)
        seen += [int(row[0]) for row in page]
        end = seen[-1] - 1
    assert seen == [START_MS - QUARTER_MS * n for n in range(1, 3001)]


@pytest.mark.parametrize(
    "query",
    [
        "symbol=FOOUSDT&interval=15",
        "symbol=BTCUSDT&interval=7",
        "symbol=BTCUSDT",
        "symbol=BTCUSDT&interval=15&limit=1001",
        "symbol=BTCUSDT&interval=15&limit=0",
        "symbol=BTCUSDT&interval=15&start=x",
    ],
)
def test_bad_kline_request_is_answered_with_a_parameter_error(venue: Addresses, query: str) -> None:
    answer = requests.get(f"{venue.rest_url}/v5/market/kline?category=linear&{query}", timeout=5).json()
    assert (answer["retCode"], answer["result"]) == (10001, {})


def test_instruments_are_paged(client: HTTP) -> None:
    first = client.get_instruments_info(category="linear", limit=1)["result"]
    second = client.get_instruments_info(category="linear", limit=1, cursor=first["nextPageCursor"])["result"]
    assert [entry["symbol"] for entry in first["list"] + second["list"]] == ["BTCUSDT", "SOLUSDT"]
    assert second["nextPageCursor"] == ""


def test_funding_history_is_every_eight_hours_newest_first(client: HTTP) -> None:
    rows = client.get_funding_rate_history(category="linear", symbol="BTCUSDT", limit=3)["result"]["list"]
    assert [START_MS - int(row["fundingRateTimestamp"]) for row in rows] == [0, 28_800_000, 57_600_000]


def test_unknown_path_is_not_found(venue: Addresses) -> None:
    response = requests.get(f"{venue.rest_url}/v5/market/nothing", timeout=5)
    assert (response.status_code, response.json()["retCode"]) == (404, 10017)
