"""Verdicts about many bars at once: a year of minutes has a million and a half, and nearly all of them say yes.

Apart from ``checks`` because numpy is a burden to processes that read single verdicts.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trading_pipeline.domain.model.checks import CheckName, DataCheck
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe, from_ms


@dataclass(frozen=True, slots=True)
class JudgedBars:
    """Bars of one series that were asked the same questions; what no answer stands against has passed.

    :param close_ms: closing instants, UTC milliseconds, ascending, shape ``(n,)``.
    :param answers: for every question that was asked, what speaks against a bar, by its place in ``close_ms``.
    """

    instrument_id: InstrumentId
    timeframe: Timeframe
    close_ms: NDArray[np.int64]
    answers: Mapping[CheckName, Mapping[int, str]]

    def __len__(self) -> int:
        """How many bars."""
        return len(self.close_ms)

    def failed(self) -> list[DataCheck]:
        """The verdicts against bars, by time and question."""
        places = sorted({place for against in self.answers.values() for place in against})
        return [
            DataCheck(
                self.instrument_id,
                self.timeframe,
                from_ms(int(self.close_ms[place])),
                name,
                False,
                self.answers[name][place],
            )
            for place in places
            for name in self.answers
            if place in self.answers[name]
        ]
