import numpy as np
import pytest

from trading_pipeline.domain.indicators.ties import beyond, difference


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (0.0231, 0.0230, 0.0001),
        (0.0225, 0.0224, 0.0001),
        (0.1000, 0.0999, 0.0001),
        (69_123.4, 69_123.3, 0.1),
        (0.00001235, 0.00001234, 0.00000001),
        (1.0, 1.0, 0.0),
        (1.5, 2.25, -0.75),
        (7e-11, 6e-11, 1e-11),
        (1e9 + 1, 1e9, 1.0),
    ],
)
def test_a_difference_of_prices_is_the_float_nearest_to_the_decimal(left: float, right: float, expected: float) -> None:
    assert difference(np.array([left]), np.array([right])).tolist() == [expected]


@pytest.mark.parametrize("digits", range(-6, 14))
def test_equal_moves_are_equal_at_every_price_and_unit(digits: int) -> None:
    # All moves of one tick between 0 and 20,000 ticks, across powers of ten and of two.
    ticks = np.arange(20_001)
    prices = np.array([float(f"{tick}e{-digits}") for tick in ticks])
    assert set(difference(prices[1:], prices[:-1])) == {float(f"1e{-digits}")}


def test_a_difference_does_not_depend_on_the_prices_around_it() -> None:
    prices = np.array([0.0231, 0.0230, 123_456.789, 1 / 3])
    alone = [difference(prices[at : at + 1], prices[:1])[0] for at in range(4)]
    assert difference(prices, np.full(4, prices[0])).tolist() == alone


def test_an_undefined_price_has_no_difference() -> None:
    assert np.isnan(difference(np.array([np.nan, 1.0]), np.array([1.0, np.nan]))).all()


@pytest.mark.parametrize(
    ("left", "right", "size", "expected"),
    [
        (0.1 + 0.2, 0.3, 0.3, 0),  # 0.30000000000000004
        (-0.1 - 0.2, -0.3, -0.3, 0),
        (5e-17, 0.0, 0.3, 0),
        (1 / 3 + 1e-11, 1 / 3, 1 / 3, 1),
        (0.0230, 0.0231, 0.0231, -1),
        (100_000.0, 100_000.000_001, 100_000.0, -1),
        (np.nan, 1.0, 1.0, np.nan),
    ],
)
def test_only_more_than_rounding_lies_beyond(left: float, right: float, size: float, expected: float) -> None:
    found = np.sign(beyond(np.array([left]), np.array([right]), np.array([size])))
    np.testing.assert_array_equal(found, [expected])


def test_what_lies_beyond_keeps_its_distance_and_its_input() -> None:
    values = np.array([29.0, 30.0, 31.5])
    assert beyond(values, 30.0, 100.0).tolist() == [-1.0, 0.0, 1.5]
    assert values.tolist() == [29.0, 30.0, 31.5]
