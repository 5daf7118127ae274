from decimal import Decimal

import numpy as np
import pytest

from trading_pipeline.exchange_simulator.funding_model import FundingModel

INTEREST = Decimal("0.0001")
DRAWN = 5_000


def rates(symbol: str, seed: int = 7) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """Basis points."""
    model = FundingModel(symbol, seed, INTEREST)
    return np.array([float(model.rate(60_000 + number)) for number in range(DRAWN)]) * 1e4


@pytest.mark.parametrize("symbol", ["BTCUSDT", "SOLUSDT", "ADAUSDT"])
def test_rates_lie_where_recorded_ones_do(symbol: str) -> None:
    drawn = rates(symbol)
    around = drawn - drawn.mean()
    neighbours = float((around[1:] * around[:-1]).mean() / around.var())
    assert drawn.max() == pytest.approx(1.0)
    assert 0.07 < float((drawn > 0.9999).mean()) < 0.28
    assert 0.09 < float(np.median(drawn)) < 0.34
    assert 0.31 < float((drawn < 0).mean()) < 0.47
    assert -3.8 < float(np.percentile(drawn, 1)) < -0.9
    assert 0.2 < neighbours < 0.6
    assert drawn.min() < -5


def test_a_rate_is_a_function_of_symbol_seed_and_settlement() -> None:
    assert np.array_equal(rates("BTCUSDT"), rates("BTCUSDT"))
    assert not np.array_equal(rates("BTCUSDT"), rates("BTCUSDT", seed=8))
    assert not np.array_equal(rates("BTCUSDT"), rates("SOLUSDT"))
