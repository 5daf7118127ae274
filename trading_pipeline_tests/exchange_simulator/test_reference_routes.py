"""Public data that follows from prices and volumes: open interest and the ratio of accounts."""

from decimal import Decimal

import pytest
from pybit.unified_trading import HTTP

from trading_pipeline.domain.model.timeframes import to_ms
from trading_pipeline_tests.exchange_simulator.conftest import START

BTC = {"category": "linear", "symbol": "BTCUSDT"}
HOUR_MS = 3_600_000
Rows = list[dict[str, str]]


def asked(client: HTTP, kind: str, **request: object) -> tuple[Rows, str]:
    """Rows and cursor of a page."""
    if kind == "open-interest":
        answer = client.get_open_interest(**BTC, intervalTime="1h", **request)
    else:
        answer = client.get_long_short_ratio(**BTC, period="1h", **request)
    return answer["result"]["list"], answer["result"]["nextPageCursor"]


@pytest.mark.parametrize("kind", ["open-interest", "account-ratio"])
def test_pages_go_back_hour_by_hour_and_lose_none(client: HTTP, kind: str) -> None:
    now_ms, told, cursor = to_ms(START), [], ""
    for _ in range(3):
        rows, cursor = asked(client, kind, limit=20, **({"cursor": cursor} if cursor else {}))
        told += [int(row["timestamp"]) for row in rows]
    assert told == [now_ms - hours * HOUR_MS for hours in range(60)]
    window = {"startTime": now_ms - 5 * HOUR_MS, "endTime": now_ms - 2 * HOUR_MS + 1}
    rows, cursor = asked(client, kind, **window)
    assert [int(row["timestamp"]) for row in rows] == [now_ms - hours * HOUR_MS for hours in (2, 3, 4, 5)]
    assert cursor == ""


def test_open_interest_is_the_tickers(client: HTTP) -> None:
    [ticker] = client.get_tickers(**BTC)["result"]["list"]
    [row], _ = asked(client, "open-interest", limit=1)
    assert row["openInterest"] == row["singleOpenInterest"] == ticker["openInterest"] != "0"


def test_buyers_and_sellers_are_all_accounts_and_both_are_there(client: HTTP) -> None:
    rows, _ = asked(client, "account-ratio")
    shares = [(Decimal(row["buyRatio"]), Decimal(row["sellRatio"])) for row in rows]
    assert len(shares) == 50
    assert all(buyers + sellers == 1 and 0 <= buyers <= 1 for buyers, sellers in shares)
    assert len(set(shares)) > 3
