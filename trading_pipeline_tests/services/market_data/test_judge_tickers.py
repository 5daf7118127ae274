"""Which tickers cannot be of today's market."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from trading_pipeline.domain.model.tickers import Ticker
from trading_pipeline.services.market_data.judge_tickers import judge_tickers
from trading_pipeline_tests.adapters.stores.market_data.test_conditions import AT, BTC, TICKER
from trading_pipeline_tests.runtime.feed.test_conditions import TickerShelf

LIMIT = timedelta(minutes=3)


def faults(tickers: list[Ticker]) -> Mapping[str, str]:
    return judge_tickers(TickerShelf(tickers), [BTC], AT + LIMIT, LIMIT)


def test_a_ticker_as_old_as_allowed_is_sound() -> None:
    assert faults([TICKER]) == {}


@pytest.mark.parametrize(
    ("ticker", "said"),
    [
        (replace(TICKER, at=AT - timedelta(seconds=1)), "none since 2025-06-01 11:59:59 UTC"),
        (replace(TICKER, mark_price=Decimal(0)), "a price is not above 0"),
        (replace(TICKER, bid_price=Decimal(104001)), "the bid 104001 lies above the ask 104000.6"),
        (replace(TICKER, mark_price=Decimal(50000)), "lies more than 10% from the index"),
    ],
)
def test_what_is_wrong_is_said_with_its_number(ticker: Ticker, said: str) -> None:
    assert said in faults([ticker])[BTC]


def test_an_instrument_without_any_is_named() -> None:
    assert faults([]) == {BTC: "no ticker was ever stored"}
