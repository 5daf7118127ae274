import itertools
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from trading_pipeline.exchange_simulator import margins
from trading_pipeline.exchange_simulator.exchange import Exchange
from trading_pipeline.exchange_simulator.instruments import specification
from trading_pipeline.exchange_simulator.payloads.positions import position_payload
from trading_pipeline.exchange_simulator.position_changes import set_leverage
from trading_pipeline.exchange_simulator.rejections import Rejection
from trading_pipeline.exchange_simulator.risk_tiers import risk_tiers, tier_of
from trading_pipeline_tests.exchange_simulator.builders import FLAT, Ohlc, an_exchange, order, walk

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


@pytest.mark.parametrize(
    ("symbol", "leverage"),
    [
        ("BTCUSDT", "100"),
        ("ETHUSDT", "100"),
        ("SOLUSDT", "100"),
        ("ADAUSDT", "75"),
        ("NEWUSDT", "50"),
        ("NEWUSDT", "20"),
    ],
)
def test_tiers_rise_without_a_jump_of_the_maintenance_margin(symbol: str, leverage: str) -> None:
    tiers = risk_tiers(symbol, Decimal(leverage))
    assert (tiers[0].max_leverage, tiers[0].deduction, tiers[-1].max_leverage) == (Decimal(leverage), 0, 1)
    for lower, upper in itertools.pairwise(tiers):
        at = lower.limit
        assert at * lower.maintenance_rate - lower.deduction == at * upper.maintenance_rate - upper.deduction
        assert upper.max_leverage < lower.max_leverage
        assert lower.maintenance_rate < upper.maintenance_rate < upper.initial_rate
    assert tier_of(tiers[0].limit, tiers).number == 1
    assert tier_of(tiers[0].limit + 1, tiers).number == 2
    assert tier_of(tiers[-1].limit * 2, tiers) == tiers[-1]


@pytest.mark.parametrize(
    ("symbol", "number", "row"),
    # As the venue listed them in August 2026: deductions are not in our table and come out as its own.
    [
        ("BTCUSDT", 2, ("2600000", "0.0056", "0.0111", "90", "1200")),
        ("BTCUSDT", 35, ("1200000000", "0.6", "1", "1", "226382000")),
        ("ETHUSDT", 35, ("1000000000", "0.6", "1", "1", "138018220")),
        ("SOLUSDT", 20, ("22000000", "0.0357", "0.0714", "14", "248935")),
        ("ADAUSDT", 30, ("35000000", "0.6", "1", "1", "15809000")),
    ],
)
def test_tiers_are_the_venues(symbol: str, number: int, row: tuple[str, ...]) -> None:
    tier = risk_tiers(symbol, specification(symbol, Decimal(1)).max_leverage)[number - 1]
    told = (tier.limit, tier.maintenance_rate, tier.initial_rate, tier.max_leverage, tier.deduction)
    assert told == tuple(map(Decimal, row))


def coin(*bars: Ohlc, balance: int) -> Exchange:
    """Coins at 100 of which much can be traded, with the tiers of ADAUSDT and without fees."""
    exchange = an_exchange(*bars, balance=Decimal(balance), fees=NO_FEES)
    market, most = exchange.markets["BTCUSDT"], Decimal(1_000_000)
    market.tiers = risk_tiers("ADAUSDT", Decimal(75))
    market.instrument = replace(market.instrument, max_quantity=most, max_market_quantity=most)
    return exchange


def lever(exchange: Exchange, leverage: str) -> None:
    sides = {"buyLeverage": leverage, "sellLeverage": leverage}
    set_leverage(exchange, {"category": "linear", "symbol": "BTCUSDT", **sides})


def test_margins_of_a_larger_position_are_those_of_its_tier() -> None:
    """50,000 coins at 100 are 5 million, in the 15th tier: at least 15 %, and 7.5 % less 164,000."""
    exchange = coin(FLAT, balance=10_000_000)
    lever(exchange, "6.5")
    order(exchange, "Buy", "50000")
    position = exchange.positions["BTCUSDT"]
    position.leverage = Decimal(10)
    row = position_payload(exchange, position)
    assert (row["riskId"], row["riskLimitValue"]) == (15, "5000000")
    assert (row["positionIM"], row["positionMM"]) == ("750000", "211000")


def test_leverage_and_size_bind_each_other_by_tier() -> None:
    exchange = coin(FLAT, balance=10_000_000)
    lever(exchange, "50")
    with pytest.raises(Rejection, match=r"adjust your leverage to 33.33 or below") as refused:
        order(exchange, "Buy", "3001")
    assert refused.value.code == 110090
    order(exchange, "Buy", "3000")
    with pytest.raises(Rejection):
        order(exchange, "Buy", "1", price="100")
    # Whatever makes it smaller is taken.
    order(exchange, "Sell", "1", price="100.1")
    with pytest.raises(Rejection, match="gt maxLeverage") as refused:
        lever(exchange, "60")
    assert refused.value.code == 110013


def test_a_position_in_a_higher_tier_is_liquidated_a_tier_at_a_time_until_it_is_enough() -> None:
    """Long 5,000 coins at 100 with 25,000 USDT: at 96 they are in the third tier, which wants 5,200 of the 5,000 that
    are left; at the limit of the second 2,500 are enough.
    """
    exchange = coin((100, 100, 96, 96), balance=25_000)
    lever(exchange, "25")
    order(exchange, "Buy", "5000")
    [taken] = walk(exchange)
    position = exchange.positions["BTCUSDT"]
    assert (taken.kind, taken.quantity + position.size) == ("BustTrade", 5_000)
    assert 300_000 - 100 < position.value(taken.price) <= 300_000
    assert exchange.equity() >= margins.maintenance_margins(exchange)
