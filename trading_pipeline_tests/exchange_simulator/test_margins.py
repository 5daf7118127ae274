import itertools
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from trading_pipeline.exchange_simulator import margins
from trading_pipeline.exchange_simulator.payloads.positions import position_payload
from trading_pipeline.exchange_simulator.risk_tiers import TIERS, risk_tiers, tier_of
from trading_pipeline_tests.exchange_simulator.builders import FLAT, an_exchange, order

NO_FEES = (Decimal(0), Decimal(0))


def test_margins_are_by_mark_price_with_the_fee_to_close() -> None:
    """1 BTC at 100 with leverage 10 and a taker fee of 0.1 %, marked at 120: by hand 12 + 0.12 and 0.6 + 0.12."""
    exchange = an_exchange(FLAT, fees=(Decimal(0), Decimal("0.001")))
    order(exchange, "Buy", "1")
    exchange.markets["BTCUSDT"].last = Decimal(120)
    row = position_payload(exchange, exchange.positions["BTCUSDT"])
    assert (row["positionIM"], row["positionMM"]) == ("12.12", "0.72")
    assert (row["positionIMByMp"], row["positionMMByMp"], row["riskId"]) == ("12.12", "0.72", 1)


@pytest.mark.parametrize(
    ("side", "price"),
    # Long 10 at 100 with 200 USDT: 200 + 10 (p - 100) = 10 p 0.005; short likewise.
    [("Buy", "80.4"), ("Sell", "119.4")],
)
def test_liquidation_price_is_where_equity_is_the_maintenance_margin(side: str, price: str) -> None:
    exchange = an_exchange(FLAT, balance=Decimal(200), fees=NO_FEES)
    order(exchange, side, "10")
    assert position_payload(exchange, exchange.positions["BTCUSDT"])["liqPrice"] == price


@given(
    side=st.sampled_from(["Buy", "Sell"]),
    quantity=st.integers(1, 40),
    other=st.integers(0, 20),
    balance=st.integers(500, 3000),
)
def test_account_is_liquidated_at_the_liquidation_price_and_not_before(
    side: str, quantity: int, other: int, balance: int
) -> None:
    exchange = an_exchange(FLAT, symbols=("BTCUSDT", "SOLUSDT"), balance=Decimal(balance))
    assume(balance > 12 * (quantity + other))
    order(exchange, side, str(quantity))
    if other:
        order(exchange, "Buy", str(other), symbol="SOLUSDT")
    position, market = exchange.positions["BTCUSDT"], exchange.markets["BTCUSDT"]
    price = margins.liquidation_price(exchange, position)
    if price is None:
        return
    towards = -1 if side == "Buy" else 1
    tick = market.instrument.price_increment
    for nearer, broke in ((price - 2 * tick * towards, False), (price + 2 * tick * towards, True)):
        market.last = nearer
        assert (exchange.equity() < margins.maintenance_margins(exchange)) is broke


def test_a_position_that_nothing_can_liquidate_has_no_liquidation_price() -> None:
    exchange = an_exchange(FLAT)
    assert position_payload(exchange, exchange.positions["BTCUSDT"])["liqPrice"] == ""
    order(exchange, "Buy", "1")
    assert position_payload(exchange, exchange.positions["BTCUSDT"])["liqPrice"] == ""


@pytest.mark.parametrize("leverage", ["100", "75", "50"])
def test_tiers_rise_without_a_jump_of_the_maintenance_margin(leverage: str) -> None:
    tiers = risk_tiers(Decimal(leverage))
    assert len(tiers) == TIERS
    for lower, upper in itertools.pairwise(tiers):
        at = lower.limit
        assert at * lower.maintenance_rate - lower.deduction == at * upper.maintenance_rate - upper.deduction
        assert upper.max_leverage < lower.max_leverage
        assert upper.maintenance_rate < upper.initial_rate
    assert tier_of(tiers[0].limit, Decimal(leverage)).number == 1
    assert tier_of(tiers[0].limit + 1, Decimal(leverage)).number == 2
