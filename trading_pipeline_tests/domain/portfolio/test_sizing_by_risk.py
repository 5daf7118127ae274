"""Rounding and caps never add risk."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_pipeline.domain.model.accounts import Wallet
from trading_pipeline.domain.model.errors import OrderDenied
from trading_pipeline.domain.portfolio.sizing_by_risk import entry_quantity
from trading_pipeline_tests.testkit.trading_desk import LIMITS, WAVE, instrument, trade_plan

BTC = instrument()


def wallet(equity: Decimal, available: Decimal | None = None) -> Wallet:
    return Wallet(equity, equity, equity if available is None else available, Decimal(0), WAVE)


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
    money = wallet(Decimal(equity), None if available is None else Decimal(available))
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
        entry_quantity(plan, wallet(Decimal(equity)), BTC, LIMITS, Decimal(pending))
    assert denied.value.rule == rule


@given(equity=prices(100, 10**6), entry=prices(10, 10**5), distance=prices(1, 9), available=prices(0, 10**6))
def test_a_size_never_risks_more_than_its_share_nor_more_than_there_is(
    equity: Decimal, entry: Decimal, distance: Decimal, available: Decimal
) -> None:
    plan = replace(trade_plan(), entry_price=entry, stop_price=entry - distance)
    try:
        quantity = entry_quantity(plan, wallet(equity, available), BTC, LIMITS, Decimal(0))
    except OrderDenied:
        return
    stop = BTC.round_price(plan.stop_price)
    assert quantity * (entry - stop) <= equity * LIMITS.risk_per_trade * (1 + Decimal("1e-20"))
    assert quantity * entry <= min(equity, available) * LIMITS.max_leverage * (1 + Decimal("1e-20"))
    assert quantity % BTC.quantity_increment == 0
