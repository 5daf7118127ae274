"""Columns that are worked out read like the arrays they stand for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_pipeline.exchange_simulator.columns import Near, Opens, Turnover, narrow

KEYS = [0, 3, -1, slice(0, 0), slice(1, 4), slice(None), np.array([[0, 1], [3, 2]]), np.array([], np.int64)]
CLOSES = np.array([100, 101, 99, 250, 100])


def same(column: object, values: np.ndarray, key: object) -> None:
    read = column[key]  # type: ignore[index]
    assert np.array_equal(read, values[key])  # type: ignore[index]
    assert np.shape(read) == np.shape(values[key])  # type: ignore[index]


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_a_distance_to_another_column_is_added_when_it_is_read(key: object) -> None:
    values = np.array([105, 101, 110, 70_000, 90])
    same(Near.of(values, CLOSES), values, key)


@pytest.mark.parametrize("key", [key for key in KEYS if not isinstance(key, int) or key >= 0], ids=str)
def test_an_open_is_the_close_before_unless_it_was_kept(key: object) -> None:
    values = np.array([98, 100, 101, 99, 260])
    column = Opens.of(values, CLOSES)
    assert len(column.index) == 2
    same(column, values, key)


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_turnover_is_volume_times_the_mean_price(key: object) -> None:
    column = Turnover((CLOSES, CLOSES, CLOSES, CLOSES), np.array([10, 20, 30, 40, 50]), 100, 10, 10_000)
    same(column, np.array([10_000, 20_200, 29_700, 100_000, 50_000]), key)


@given(st.lists(st.integers(-(2**40), 2**40), min_size=1))
def test_fewer_bytes_hold_the_same_numbers(numbers: list[int]) -> None:
    assert narrow(np.array(numbers)).tolist() == numbers
