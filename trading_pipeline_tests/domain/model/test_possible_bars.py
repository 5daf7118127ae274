"""Bars that no market can have made."""

import numpy as np
import pandas as pd
import pytest

from trading_pipeline.domain.model.bars import OHLCV
from trading_pipeline.domain.model.possible_bars import possible


@pytest.mark.parametrize(
    ("bar", "expected"),
    [
        ((10, 12, 9, 11, 1), True),
        ((10, 10, 10, 10, 0), True),
        ((0.5, 0.6, 0.4, 0.5, 0.5), True),
        ((10, 10.9, 9, 11, 1), False),
        ((11.5, 11.4, 9, 11, 1), False),
        ((10, 12, 10.5, 11, 1), False),
        ((12, 12, 11.5, 11, 1), False),
        ((10, 12, 0, 11, 1), False),
        ((10, 12, -1, 11, 1), False),
        ((10, 12, 9, 11, -0.1), False),
        ((10, np.inf, 9, 11, 1), False),
        ((10, 12, 9, 11, np.inf), False),
        ((np.nan, 12, 9, 11, 1), False),
        ((10, 12, 9, np.nan, 1), False),
    ],
)
def test_a_possible_bar_keeps_its_bounds(bar: tuple[float, ...], expected: bool) -> None:
    assert possible(pd.DataFrame([bar], columns=list(OHLCV))).tolist() == [expected]
