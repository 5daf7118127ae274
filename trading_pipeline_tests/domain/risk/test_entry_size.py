"""Rounding and caps never add risk."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_pipeline.domain.model.errors import OrderDenied
from trading_pipeline.domain.model.plans import EntryLevel, TradePlan
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline.domain.portfolio.sizing import SizingModel, SizingRule
from trading_pipeline.domain.risk.entry_size import (
    entry_quantities,
    entry_quantity,
    leverage_of,
    reads_volatility,
    sizing_inputs,
)
from trading_pipeline.domain.risk.limits import RiskLimits
from trading_pipeline_tests.testkit.builders import usdt
from trading_pipeline_tests.testkit.execution_lab import LIMITS, instrument, trade_plan

BTC = replace(instrument(), taker_fee=Decimal(0))


def prices(low: int, high: int) -> st.SearchStrategy[Decimal]:
    return st.decimals(low, high, places=2)


@pytest.mark.parametrize(
    ("equity", "available", "pending", "stop", "expected"),
    [
        (10_000, None, 0, 990, "5"),
        (10_000, None, 0, 999, "50"),
        (10_000, None, 0, "999.9", "50"),
        (10_000, 400, 0, 990, "2"),
        (10_000, 1_200, 5_000, 990, "1"),
        (10_000, None, 0, 993, "7.142"),
    ],
    ids=["risk", "risk meets equity cap", "equity cap", "available margin", "margin already promised", "rounded down"],
)
def test_quantity(equity: int, available: int | None, pending: int, stop: int | str, expected: str) -> None:
    plan = replace(trade_plan(), stop_price=Decimal(stop))
    money = usdt(Decimal(equity), None if available is None else Decimal(available))
    assert entry_quantity(plan, money, BTC, LIMITS, Decimal(pending)) == Decimal(expected)


@pytest.mark.parametrize(
    ("equity", "pending", "stop", "rule"),
    [
        (1, 0, 990, "min_quantity"),
        (10_000, 60_000, 990, "min_quantity"),
        (8, 0, 990, "min_notional"),
        (10_000, 0, "999.99", "stop_distance"),
    ],
)
def test_too_small_is_denied_and_never_raised(equity: int, pending: int, stop: int | str, rule: str) -> None:
    plan = replace(trade_plan(), stop_price=Decimal(stop))
    with pytest.raises(OrderDenied) as denied:
        entry_quantity(plan, usdt(Decimal(equity)), BTC, LIMITS, Decimal(pending))
    assert denied.value.rule == rule


@given(
    depths=st.lists(st.decimals("0.1", "0.9", places=2), min_size=1, max_size=4, unique=True),
    distance=prices(1, 400),
    available=prices(10, 20_000),
)
def test_all_levels_together_risk_and_bind_no_more_than_one_entry(
    depths: list[Decimal], distance: Decimal, available: Decimal
) -> None:
    plan = replace(trade_plan(), stop_price=1000 - distance)
    share = 1 / Decimal(len(depths) + 1)
    levels = tuple(EntryLevel(1000 - depth * distance, share, plan.valid_until) for depth in sorted(depths))
    money = usdt(Decimal(10_000), available)
    try:
        quantities = entry_quantities(replace(plan, levels=levels), money, BTC, LIMITS, Decimal(0))
    except OrderDenied:
        return
    stop = BTC.round_price(plan.stop_price)
    entered = [Decimal(1000), *(BTC.round_price(level.price) for level in levels)]
    at_risk = sum(quantity * (price - stop) for quantity, price in zip(quantities, entered, strict=True))
    assert at_risk <= 10_000 * LIMITS.risk_per_trade * (1 + Decimal("1e-20"))
    margin = sum(quantities) * 1000 / LIMITS.max_leverage
    assert margin <= min(available, Decimal(10_000)) * (1 + Decimal("1e-20"))


def test_an_instrument_that_allows_less_leverage_caps_what_equity_buys() -> None:
    # the stop is 0.1 away, so that risk alone would buy 500; 10,000 x 3 / 1000 = 30
    plan = replace(trade_plan(), stop_price=Decimal("999.9"))
    cautious = replace(BTC, max_leverage=Decimal(3))
    assert leverage_of(cautious, LIMITS) == Decimal(3)
    assert leverage_of(BTC, LIMITS) == LIMITS.max_leverage
    assert entry_quantity(plan, usdt(Decimal(10_000)), cautious, LIMITS, Decimal(0)) == Decimal(30)


def test_what_is_promised_binds_as_much_margin_as_the_instrument_asks() -> None:
    # 5000 at 2 times bind 2500; a tenth of the 7500 that are left buys 0.75
    limits, plan = _sized("fractional", fraction="0.1")
    cautious = replace(BTC, max_leverage=Decimal(2))
    quantity = entry_quantity(plan, usdt(Decimal(10_000)), cautious, limits, Decimal(5_000))
    assert quantity == Decimal("0.75")


@pytest.mark.parametrize(
    ("bias", "pending", "expected"),
    [(Bias.LONG, 0, "4.955"), (Bias.SHORT, 0, "4.945"), (Bias.LONG, 1_000, "3.959")],
)
def test_fees_of_opening_and_of_closing_are_kept_in_reserve(bias: Bias, pending: int, expected: str) -> None:
    # at 5 times and 0.1 %: 5000 / (1000 x (1 + 0.001 x (2 x 5 -+ 1))); what is promised takes 1005 of the 5000
    money = usdt(Decimal(10_000), Decimal(1_000))
    costly = replace(BTC, taker_fee=Decimal("0.001"))
    quantity = entry_quantity(trade_plan(bias=bias), money, costly, LIMITS, Decimal(pending))
    assert quantity == Decimal(expected)


def test_promised_fees_are_gone_before_sharing() -> None:
    # 5000 at 5 times bind 1000 and cost 5 to open; a tenth of the 8995 that are left buys 0.8995
    limits, plan = _sized("fractional", fraction="0.1")
    costly = replace(BTC, taker_fee=Decimal("0.001"))
    assert entry_quantity(plan, usdt(Decimal(10_000)), costly, limits, Decimal(5_000)) == Decimal("0.899")


@pytest.mark.parametrize(("equity", "expected"), [(10_400, "2"), (9_000, "4")], ids=["gain", "loss"])
def test_open_gains_buy_nothing_and_open_losses_count(equity: int, expected: str) -> None:
    # 800 are available at 5 times; the venue counts a gain of 400 among them, and a loss of 1000 no more
    money = replace(usdt(Decimal(10_000), Decimal(800)), equity=Decimal(equity))
    assert entry_quantity(trade_plan(), money, BTC, LIMITS, Decimal(0)) == Decimal(expected)


def test_the_volatility_model_alone_reads_volatility() -> None:
    sized = {model: replace(LIMITS, sizing=SizingRule(model)) for model in SizingModel}
    assert [model for model, limits in sized.items() if reads_volatility(limits)] == [SizingModel.VOLATILITY]
    assert not reads_volatility(LIMITS)


def test_the_venues_smallest_order_is_not_too_small() -> None:
    coarse = replace(BTC, min_quantity=Decimal(5), min_notional=Decimal(5_000))
    assert entry_quantity(trade_plan(), usdt(Decimal(10_000)), coarse, LIMITS, Decimal(0)) == Decimal(5)


def test_no_entry_is_larger_than_the_venues_largest_market_order() -> None:
    # 0.5 % of 1,000,000 over a stop 1 away would buy 5000
    plan = replace(trade_plan(), stop_price=Decimal(999))
    assert BTC.max_market_quantity == Decimal(100)
    assert entry_quantity(plan, usdt(Decimal(1_000_000)), BTC, LIMITS, Decimal(0)) == Decimal(100)


@given(equity=prices(100, 10**6), entry=prices(10, 10**5), distance=prices(1, 9), available=prices(0, 10**6))
def test_a_size_risks_no_more_than_its_share(
    equity: Decimal, entry: Decimal, distance: Decimal, available: Decimal
) -> None:
    plan = replace(trade_plan(), entry_price=entry, stop_price=entry - distance)
    try:
        quantity = entry_quantity(plan, usdt(equity, available), BTC, LIMITS, Decimal(0))
    except OrderDenied:
        return
    stop = BTC.round_price(plan.stop_price)
    assert quantity * (entry - stop) <= equity * LIMITS.risk_per_trade * (1 + Decimal("1e-20"))
    assert quantity * entry <= min(equity, available) * LIMITS.max_leverage * (1 + Decimal("1e-20"))
    assert quantity % BTC.quantity_increment == 0


def _sized(model: str, volatility_pct: str | None = None, **numbers: str) -> tuple[RiskLimits, TradePlan]:
    """Limits with a sizing model, and a plan at 1000 with its stop 10 away that was made under them."""
    rule = SizingRule(SizingModel(model), **{name: Decimal(value) for name, value in numbers.items()})
    limits = replace(LIMITS, sizing=rule)
    volatility = None if volatility_pct is None else Decimal(volatility_pct)
    return limits, replace(trade_plan(), sizing=sizing_inputs(limits, volatility))


@pytest.mark.parametrize(
    ("equity", "leverage", "entry", "stop", "expected"),
    [
        (10_000, 10, 50_000, 49_000, "0.05"),
        (1_000, 10, 30_000, 20_000, None),
        (100, 10, 30_000, 29_000, None),
        (10_000, 1, 30_000, 29_990, "0.333"),
    ],
    ids=["by risk", "0.0005 is not raised to a minimum", "0.0005 is below the lot", "equity caps"],
)
def test_quantity_by_risk_alone(equity: int, leverage: int, entry: int, stop: int, expected: str | None) -> None:
    plan = replace(trade_plan(), entry_price=Decimal(entry), stop_price=Decimal(stop))
    limits = replace(LIMITS, max_leverage=Decimal(leverage))
    if expected is None:
        with pytest.raises(OrderDenied, match="min_quantity"):
            entry_quantity(plan, usdt(Decimal(equity)), BTC, limits, Decimal(0))
    else:
        assert entry_quantity(plan, usdt(Decimal(equity)), BTC, limits, Decimal(0)) == Decimal(expected)


@pytest.mark.parametrize(
    ("sized", "available", "pending", "expected"),
    [
        (_sized("fixed", fixed_amount="2500"), None, 0, "2.5"),
        (_sized("fixed", fixed_amount="2599.99"), None, 0, "2.599"),
        (_sized("fractional", fraction="0.05"), None, 0, "0.5"),
        (_sized("fractional", fraction="0.05"), 4_000, 10_000, "0.1"),
        (_sized("volatility", "2", fraction="0.4", target_volatility_pct="0.5"), None, 0, "1"),
        (_sized("volatility", "0.25", fraction="0.1", target_volatility_pct="0.5"), None, 0, "2"),
        (_sized("kelly", win_rate="0.6", average_win_pct="2", fraction="0.04"), None, 0, "0.4"),
        (_sized("kelly", win_rate="0.6", average_win_pct="2", fraction="1"), None, 0, "2.857"),
        (_sized("fractional", fraction="0.9"), None, 0, "5"),
        (_sized("fixed", fixed_amount="99999"), 2_000, 0, "2"),
        (_sized("fixed", fixed_amount="100", min_amount="700"), None, 0, "0.7"),
        (_sized("fixed", fixed_amount="3000", max_balance_share="0.1"), None, 0, "1"),
    ],
    ids=[
        "fixed",
        "rounded down",
        "share of what is free",
        "free is what admitted entries left",
        "volatile: less",
        "calm: more",
        "kelly held by the fraction",
        "kelly",
        "the risk at the stop caps every model",
        "never more than there is",
        "raised to the least amount",
        "share of the balance",
    ],
)
def test_quantity_by_another_model(
    sized: tuple[RiskLimits, TradePlan], available: int | None, pending: int, expected: str
) -> None:
    limits, plan = sized
    money = usdt(Decimal(10_000), None if available is None else Decimal(available))
    assert entry_quantity(plan, money, BTC, limits, Decimal(pending)) == Decimal(expected)


@pytest.mark.parametrize(
    ("sized", "rule"),
    [
        (_sized("volatility"), "volatility"),
        (_sized("kelly", win_rate="0.4"), "sizing"),
        (_sized("fixed", fixed_amount="0.9"), "min_quantity"),
        (_sized("fixed", fixed_amount="4"), "min_notional"),
        (_sized("fixed", fixed_amount="50.5", min_amount="50.5"), "min_amount"),
    ],
    ids=["volatility unknown", "no edge", "below the lot", "below the venue's minimum", "rounded below its own"],
)
def test_a_model_that_gives_too_little_is_denied(sized: tuple[RiskLimits, TradePlan], rule: str) -> None:
    limits, plan = sized
    with pytest.raises(OrderDenied) as denied:
        entry_quantity(plan, usdt(Decimal(10_000)), BTC, limits, Decimal(0))
    assert denied.value.rule == rule


@given(
    model=st.sampled_from(SizingModel),
    equity=prices(100, 10**6),
    available=prices(0, 10**6),
    distance=prices(1, 9),
    volatility=prices(0, 50),
)
def test_no_model_buys_more_than_sizing_by_risk(
    model: SizingModel, equity: Decimal, available: Decimal, distance: Decimal, volatility: Decimal
) -> None:
    limits, plan = _sized(model, str(volatility), fraction="1", fixed_amount="5000", win_rate="0.7")
    plan = replace(plan, stop_price=plan.entry_price - distance)
    money = usdt(equity, available)
    try:
        quantity = entry_quantity(plan, money, BTC, limits, Decimal(0))
    except OrderDenied:
        return
    assert quantity <= entry_quantity(plan, money, BTC, LIMITS, Decimal(0))
    assert quantity * plan.entry_price <= available
