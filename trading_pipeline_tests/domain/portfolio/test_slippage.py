"""Slippage is positive where it cost something, whichever side traded."""

from decimal import Decimal

import pytest

from trading_pipeline.domain.model.orders import Side
from trading_pipeline.domain.portfolio.slippage import adverse_bps


@pytest.mark.parametrize(
    ("side", "price", "bps"),
    [
        ("buy", "50025", "5"),
        ("sell", "49975", "5"),
        ("buy", "49975", "-5"),
        ("sell", "50025", "-5"),
        ("buy", "50000", "0"),
    ],
)
def test_buys_above_and_sells_below_lose_alike(side: str, price: str, bps: str) -> None:
    assert adverse_bps(Side(side), Decimal(price), Decimal(50_000)) == Decimal(bps)
