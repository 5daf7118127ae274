import numpy as np
import pytest

from trading_pipeline.domain.strategies.divergence.score import confluence_strength, divergence_strength


@pytest.mark.parametrize(
    ("hits", "minimum", "expected"),
    [(0, 2, 0), (0, 0, 0), (1, 2, 10), (2, 2, 20), (3, 2, 30), (4, 2, 40), (4, 1, 40), (1, 1, 20)],
)
def test_confluence_counts_hits_from_the_minimum(hits: int, minimum: int, expected: float) -> None:
    assert confluence_strength(np.array([hits]), minimum).tolist() == [expected]


@pytest.mark.parametrize(
    ("index", "price", "histogram", "expected"),
    [
        pytest.param((0, 10, 20), (100, 99, 97), (-9, -8, -4), 60.0, id="every term full"),
        pytest.param((0, 10, 20), (100, 99, 98.505), (-9, -8, -7.4), 30 * 0.5 + 20 * 0.5 + 10, id="halves"),
        pytest.param((0, 10, 40), (100, 99, 99), (-9, -8, -8), 5.0, id="distance three times"),
        pytest.param((0, 10, 50), (100, 99, 99), (-9, -8, -8), 0.0, id="distance four times"),
        pytest.param((0, 10, 20), (100, 99, 97), (-9, 0, 4), 30.0, id="no histogram to shrink"),
        pytest.param((0, 10, 20), (100, 99, 97), (-9, -4, 8), 30.0, id="histogram growing on the other side"),
    ],
)
def test_strength_has_three_terms(
    index: tuple[int, ...], price: tuple[float, ...], histogram: tuple[float, ...], expected: float
) -> None:
    columns = [np.array(values, dtype=float).reshape(3, 1) for values in (index, price, histogram)]
    assert divergence_strength(columns[0].astype(int), columns[1], columns[2])[0] == pytest.approx(expected)
