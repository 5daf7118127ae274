"""Which bars should be there by now. Pure bookkeeping."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from trading_pipeline.domain.model.bars import Bar
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe

# Younger than this a bar may still be decided on; older ones are history.
_JUST_CLOSED = timedelta(seconds=60)

Series = tuple[InstrumentId, Timeframe]
"""Instrument and timeframe."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """Per series, the closing instant up to which nothing is missing, and what is known beyond it."""

    _through: dict[Series, datetime] = field(default_factory=dict)
    _ahead: dict[Series, set[datetime]] = field(default_factory=dict)

    def begin(self, series: Series, newest: datetime | None, now: datetime) -> None:
        """Start the series at its newest stored close.

        :param newest: ``None`` for an empty store: then history is the backfill's business and only
            a bar that closed within the last minute of venue time counts as missed.
        """
        timeframe = series[1]
        if newest is None:
            newest = timeframe.floor(now)
            # One step back, so that this very bar is the first that is missing.
            if now - newest < _JUST_CLOSED:
                newest -= timeframe.duration
        self._through[series] = newest

    def stored(self, bars: Iterable[Bar]) -> None:
        """Take note of bars that are in the database."""
        for bar in bars:
            series = (bar.instrument_id, bar.timeframe)
            # What lies before is known already: bars come twice, by the stream and by REST.
            if bar.close_time > self._through[series]:
                self._ahead.setdefault(series, set()).add(bar.close_time)
                self._advance(series)

    def lost(self, series: Series, open_times: Iterable[datetime]) -> None:
        """Take note of bars that nobody will ever have: they are owed no more."""
        ahead = self._ahead.setdefault(series, set())
        ahead |= {time + series[1].duration for time in open_times if time >= self._through[series]}
        self._advance(series)

    def owed(self, series: Series, now: datetime) -> list[datetime]:
        """Open times (UTC) of the bars that closed by ``now`` and are not stored, ascending."""
        through, step, ahead = self._through[series], series[1].duration, self._ahead.get(series, ())
        opens = (through + place * step for place in range((now - through) // step))
        return [time for time in opens if time + step not in ahead]

    def _advance(self, series: Series) -> None:
        ahead, step = self._ahead[series], series[1].duration
        # One late bar may complete a row of bars that came before it.
        while (following := self._through[series] + step) in ahead:
            ahead.remove(following)
            self._through[series] = following

    def knows(self, bar: Bar) -> bool:
        """Whether the bar belongs to a series of ours."""
        return (bar.instrument_id, bar.timeframe) in self._through

    def missing(self, now: datetime) -> dict[Series, datetime]:
        """Series with a bar that closed by ``now`` (UTC) and is not stored, each with its last sound close."""
        return {series: through for series, through in self._through.items() if through + series[1].duration <= now}
