"""Units of times in files."""

import numpy as np
import pytest

from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.file_times import check_milliseconds

S, MS, US, NS = 1_735_689_600.0, 1_735_689_600_000.0, 1.7356896e15, 1.7356896e18


@pytest.mark.parametrize("time", [315_532_800_000, MS, 4_102_444_799_999])  # 1980-01-01, 2025-01-01, the end of 2099
def test_milliseconds_of_a_century_pass(time: float) -> None:
    check_milliseconds(np.array([MS, time]), "open_time_ms", "bars.csv")


@pytest.mark.parametrize(
    ("times", "problem"),
    [
        ([S, S + 1], "row 1: t 1735689600 is in seconds; write every time in milliseconds"),
        ([US, US], "row 1: t 1735689600000000 is in microseconds; write"),
        ([NS, NS], "row 1: t 1.7356896e.18 is in nanoseconds; write"),
        ([MS, MS, US, US], "row 3: t 1735689600000000 is in microseconds, the rows above are in milliseconds"),
        ([MS, S], "row 2: t 1735689600 is in seconds, the rows above are in milliseconds"),
        ([US, US, MS], "row 1: t 1735689600000000 is in microseconds, from row 3 on they are in milliseconds"),
        ([7.0, 8.0], "row 1: t 7 is no time from 1980 to 2100 in any unit"),
        ([MS, -MS], "row 2: t -1735689600000 is no time"),
        ([MS, 315_532_799_999.0], "row 2: t 315532799999 is no time"),  # a millisecond before 1980
        ([MS, 4_102_444_800_000.0], "row 2: t 4102444800000 is no time"),  # 2100-01-01
    ],
)
def test_another_unit_is_named_with_the_row_where_it_begins(times: list[float], problem: str) -> None:
    with pytest.raises(DataError, match=f"^a.csv: {problem}"):
        check_milliseconds(np.array(times), "t", "a.csv")
