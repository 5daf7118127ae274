"""What is charged where no record of funding exists."""

import numpy as np
import pytest

from trading_pipeline.domain.backtest.assumed_funding import with_assumed_funding
from trading_pipeline.domain.backtest.config import Costs
from trading_pipeline.domain.backtest.coverage import Span
from trading_pipeline.domain.backtest.translate import Funding
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline_tests.domain.backtest.cases import HOUR_MS

DAY = Span(0, 24 * HOUR_MS)
COSTS = Costs(funding_rate=0.0001, funding_hours=8)


def recorded(*hours: int) -> Funding:
    return Funding(np.array(hours, np.int64) * HOUR_MS, np.full(len(hours), 0.0007))


@pytest.mark.parametrize(
    ("record", "hours", "rates"),
    [
        (None, [8, 16, 24], [0.0001] * 3),
        (recorded(8, 16, 24), [8, 16, 24], [0.0007] * 3),
        (recorded(8), [8, 16, 24], [0.0007, 0.0001, 0.0001]),
        (recorded(24), [8, 16, 24], [0.0001, 0.0001, 0.0007]),
    ],
    ids=["no record", "a whole record", "a record that ends", "a record that begins late"],
)
def test_settlements_that_no_record_covers_cost_the_assumed_rate(
    record: Funding | None, hours: list[int], rates: list[float]
) -> None:
    made = with_assumed_funding(record, DAY, COSTS)
    assert made is not None
    assert (made.time_ms // HOUR_MS).tolist() == hours
    assert made.rate.tolist() == rates


def test_a_hole_in_the_record_is_charged_at_the_assumed_rate() -> None:
    made = with_assumed_funding(recorded(8, 16, 24, 48), Span(0, 48 * HOUR_MS), COSTS)
    assert made is not None
    assert (made.time_ms // HOUR_MS).tolist() == [8, 16, 24, 32, 40, 48]
    assert made.rate.tolist() == [0.0007] * 3 + [0.0001] * 2 + [0.0007]


def test_a_settlement_at_the_first_open_is_free() -> None:
    made = with_assumed_funding(None, Span(8 * HOUR_MS, 16 * HOUR_MS), COSTS)
    assert made is not None
    assert (made.time_ms // HOUR_MS).tolist() == [16]


def test_an_interval_that_divides_no_day_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="funding_hours = 7: must divide 24"):
        Costs(funding_rate=0.0001, funding_hours=7)


def test_without_a_rate_the_record_is_all_there_is() -> None:
    assert with_assumed_funding(None, DAY, Costs()) is None
    record = recorded(8)
    assert with_assumed_funding(record, DAY, Costs()) is record
