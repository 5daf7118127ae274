"""An exchange whose prices are those of another: frame by frame, without a socket."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.exchange_simulator.assembly import build
from trading_pipeline.exchange_simulator.configuration import Configuration
from trading_pipeline.exchange_simulator.live_feed import LivePrices
from trading_pipeline.exchange_simulator.live_venue import LiveVenue
from trading_pipeline.exchange_simulator.risk_tiers import numbered
from trading_pipeline.exchange_simulator.server import Addresses, running_venue
from trading_pipeline.exchange_simulator.venue import Venue
from trading_pipeline_tests.exchange_simulator.builders import order

SYMBOL = "BTCUSDT"
TIERS = numbered(
    [
        (Decimal(7_000_000), Decimal("0.004"), Decimal("0.008"), Decimal(125)),
        (Decimal(9_000_000), Decimal("0.01"), Decimal("0.02"), Decimal(50)),
    ]
)


@pytest.fixture(scope="module")
def real() -> Iterator[Addresses]:
    """The venue whose contracts and prices are taken."""
    venue = build(Configuration((SYMBOL,), seed=5, wall=True, start=datetime(2025, 5, 1, tzinfo=UTC)), "real")
    # Other tiers than any that this exchange knows by itself.
    venue.exchange.markets[SYMBOL].tiers = TIERS
    with running_venue(venue) as found:
        yield found


@pytest.fixture
def paper(real: Addresses) -> Venue:
    """An exchange that was told no price yet."""
    return build(Configuration((SYMBOL,), wall=True, live=LiveVenue(real.rest_url, real.public_ws_url)), "paper")


def told(paper: Venue, **values: str) -> None:
    """Have the real venue say something."""
    assert paper.live is not None
    frame = {"topic": f"tickers.{SYMBOL}", "type": "delta", "data": {"symbol": SYMBOL, **values}}
    LivePrices(paper, paper.live).take(json.dumps(frame))


def test_the_price_is_the_one_that_was_told_last(paper: Venue) -> None:
    for price in ("104000.5", "103000.1", "103000.1", "105000.0"):
        told(paper, lastPrice=price)
        assert paper.exchange.markets[SYMBOL].last == Decimal(price)
    paper.catch_up()
    assert paper.exchange.markets[SYMBOL].last == Decimal(105000)


def test_nothing_is_traded_before_the_first_price(paper: Venue) -> None:
    assert paper.exchange.suspended == {SYMBOL}
    told(paper, lastPrice="104000")
    assert paper.exchange.suspended == set()


def test_risk_tiers_are_the_venues(paper: Venue) -> None:
    assert paper.exchange.markets[SYMBOL].tiers == TIERS


def test_funding_to_come_is_the_venues(paper: Venue) -> None:
    told(paper, fundingRate="-0.00031")
    schedule = paper.exchange.funding[SYMBOL]
    assert schedule.rate_at(schedule.next_after(paper.exchange.now_ms)) == Decimal("-0.00031")


@pytest.mark.parametrize("wrong", ["", "much", "0", "-1", "NaN"])
def test_a_price_that_no_market_has_changes_nothing(paper: Venue, wrong: str) -> None:
    told(paper, lastPrice="104000")
    told(paper, lastPrice=wrong)
    assert paper.exchange.markets[SYMBOL].last == Decimal(104000)


@pytest.mark.parametrize("raw", ["not JSON", "[]", '{"topic":"tickers.BTCUSDT"}', '{"op":"ping"}', "{"])
def test_a_frame_about_something_else_changes_nothing(paper: Venue, raw: str) -> None:
    told(paper, lastPrice="104000")
    assert paper.live is not None
    LivePrices(paper, paper.live).take(raw)
    assert paper.exchange.markets[SYMBOL].last == Decimal(104000)


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"wall": False}, "wall time"), ({"start": datetime(2025, 5, 1, tzinfo=UTC)}, "neither --bars nor --start")],
)
def test_a_venues_prices_come_at_wall_time_alone(real: Addresses, changes: dict[str, object], said: str) -> None:
    live = LiveVenue(real.rest_url, real.public_ws_url)
    with pytest.raises(ConfigurationError, match=said):
        build(Configuration((SYMBOL,), **{"wall": True, "live": live, **changes}), "paper")  # type: ignore[arg-type]


def test_a_symbol_that_the_venue_does_not_list_is_named(real: Addresses) -> None:
    live = LiveVenue(real.rest_url, real.public_ws_url)
    with pytest.raises(ConfigurationError, match="symbol"):
        build(Configuration(("NOSUCHUSDT",), wall=True, live=live), "paper")


def test_a_venue_that_does_not_answer_is_named() -> None:
    with pytest.raises(ConfigurationError, match="does not answer"):
        build(Configuration((SYMBOL,), wall=True, live=LiveVenue("http://127.0.0.1:1", "ws://127.0.0.1:1")), "paper")


def test_a_stop_between_two_prices_fills_at_its_level_and_one_that_was_not_reached_rests(paper: Venue) -> None:
    told(paper, lastPrice="100000")
    order(paper.exchange, "Buy", "0.1", stopLoss="99000")
    told(paper, lastPrice="99100")
    assert len(paper.exchange.executions) == 1
    told(paper, lastPrice="98000")
    assert [one.price for one in paper.exchange.executions] == [Decimal(100000), Decimal(99000)]
    assert paper.exchange.open_positions() == []


def test_an_order_that_rests_fills_when_the_venue_comes_by(paper: Venue) -> None:
    told(paper, lastPrice="100000")
    order(paper.exchange, "Buy", "0.1", price="99500")
    told(paper, lastPrice="100500")
    assert paper.exchange.executions == []
    told(paper, lastPrice="99400")
    assert [one.price for one in paper.exchange.executions] == [Decimal(99500)]


def test_a_paper_account_survives_a_restart_and_meets_what_was_passed_meanwhile(
    real: Addresses, tmp_path: Path
) -> None:
    live = LiveVenue(real.rest_url, real.public_ws_url)
    configuration = Configuration((SYMBOL,), wall=True, live=live, state=tmp_path / "paper.sqlite")
    before = build(configuration, "paper")
    told(before, lastPrice="100000")
    order(before.exchange, "Buy", "0.1", stopLoss="99000")
    before.end()
    after = build(configuration, "another")
    assert [one.symbol for one in after.exchange.open_positions()] == [SYMBOL]
    told(after, lastPrice="98000")
    assert after.exchange.open_positions() == []
    after.end()
