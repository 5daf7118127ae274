"""Verdicts about many bars at once: a year of minutes has a million and a half, and nearly all of them say yes.

Apart from ``checks`` because numpy is a burden to processes that read single verdicts.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

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

    def parts(self, bars: int) -> Iterator["JudgedBars"]:
        """The same bars, at most so many at a time, oldest first."""
        against: dict[int, dict[CheckName, dict[int, str]]] = {}
        for name, details in self.answers.items():
            for place, detail in details.items():
                against.setdefault(place // bars, {}).setdefault(name, {})[place % bars] = detail
        for number, first in enumerate(range(0, len(self), bars)):
            answers = {name: against.get(number, {}).get(name, {}) for name in self.answers}
            yield replace(self, close_ms=self.close_ms[first : first + bars], answers=answers)

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
