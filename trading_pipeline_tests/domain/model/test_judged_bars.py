"""Verdicts in pieces."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from trading_pipeline.domain.model.checks import CheckName
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.judged_bars import JudgedBars
from trading_pipeline.domain.model.timeframes import Timeframe


@given(data=st.data(), bars=st.integers(0, 40), size=st.integers(1, 50))
def test_parts_say_together_what_the_whole_says(data: st.DataObject, bars: int, size: int) -> None:
    places = st.dictionaries(st.sampled_from(range(bars)), st.text(min_size=1)) if bars else st.just({})
    answers = {name: data.draw(places) for name in CheckName}
    whole = JudgedBars(InstrumentId("BTCUSDT.BYBIT"), Timeframe.M1, np.arange(bars) * Timeframe.M1.ms, answers)

    parts = list(whole.parts(size))

    assert all(1 <= len(part) <= size and set(part.answers) == set(answers) for part in parts)
    assert [close for part in parts for close in part.close_ms] == list(whole.close_ms)
    assert [failed for part in parts for failed in part.failed()] == whole.failed()
