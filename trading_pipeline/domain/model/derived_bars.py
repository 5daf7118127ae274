"""Bars of a length that a venue does not publish, made of shorter ones."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from trading_pipeline.domain.model.bars import Bar
from trading_pipeline.domain.model.timeframes import Timeframe

Derivations = Mapping[Timeframe, Timeframe]
"""Derived timeframe to the one it is made of."""


def derived_bars(bars: Iterable[Bar], timeframe: Timeframe) -> list[Bar]:
    """The bars of ``timeframe`` of which no part is missing.

    :param bars: of one shorter timeframe, several instruments if need be; each instrument's oldest first.
    """
    made = []
    key = lambda bar: (bar.instrument_id, timeframe.floor(bar.open_time))  # noqa: E731
    for _, group in groupby(bars, key=key):
        parts = list(group)
        # All parts lie in one bar and none stands twice, so their number alone tells whether one is missing.
        if len(parts) * parts[0].timeframe.ms == timeframe.ms:
            made.append(_joined(parts, timeframe))
    return made


def _joined(parts: Sequence[Bar], timeframe: Timeframe) -> Bar:
    """Open of the first, close of the last, extremes and sums of all."""
    return Bar(
        instrument_id=parts[0].instrument_id,
        timeframe=timeframe,
        open_time=parts[0].open_time,
        open=parts[0].open,
        high=max(part.high for part in parts),
        low=min(part.low for part in parts),
        close=parts[-1].close,
        volume=sum((part.volume for part in parts[1:]), parts[0].volume),
        turnover=sum((part.turnover for part in parts[1:]), parts[0].turnover),
    )
