"""When funding is exchanged in one market, and at what rate."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from decimal import Decimal

from trading_pipeline.exchange_simulator.funding_model import FundingModel

DAY_MS = 86_400_000
_HOUR_MS = 3_600_000
_KNOWN_MS = 10 * _HOUR_MS
"""Records no farther apart know of everything between them: the longest interval, and a quarter for what came late."""


class FundingSchedule:
    """At recorded instants at their rates; where nothing is recorded, every ``interval_hours`` from midnight UTC."""

    def __init__(
        self,
        rate: Decimal,
        interval_hours: int,
        recorded: Mapping[int, Decimal] | None = None,
        model: FundingModel | None = None,
    ) -> None:
        """
        :param recorded: UTC milliseconds to the rate that was charged there; comes before the others.
        :param model: of rates that are not recorded; the constant one without it.
        """
        self._rate = rate
        self._model = model
        self._interval_ms = interval_hours * _HOUR_MS
        self._recorded = dict(recorded or {})
        self._recorded_ms = sorted(self._recorded)

    @property
    def interval_hours(self) -> int:
        """Hours between settlements that are not recorded."""
        return self._interval_ms // _HOUR_MS

    def due(self, at_ms: int) -> bool:
        """Whether funding is exchanged exactly then."""
        return at_ms in self._recorded or (at_ms % self._interval_ms == 0 and not self._is_known(at_ms))

    def next_after(self, now_ms: int) -> int:
        """The next funding instant after now, UTC milliseconds."""
        regular = now_ms - now_ms % self._interval_ms + self._interval_ms
        # Where the record tells, its instants count and the regular ones do not.
        while self._is_known(regular):
            regular += self._interval_ms
        index = bisect_right(self._recorded_ms, now_ms)
        return min([regular, *self._recorded_ms[index : index + 1]])

    def between(self, after_ms: int, until_ms: int) -> Iterator[int]:
        """Funding instants after the first and up to the second, oldest first."""
        while (after_ms := self.next_after(after_ms)) <= until_ms:
            yield after_ms

    def rate_at(self, at_ms: int) -> Decimal:
        """Fraction of notional that longs pay shorts at a funding instant."""
        if at_ms in self._recorded:
            return self._recorded[at_ms]
        return self._rate if self._model is None else self._model.rate(at_ms // self._interval_ms)

    def _is_known(self, at_ms: int) -> bool:
        """Whether the record tells of a regular instant what was charged: in its interval, or nothing."""
        index = bisect_left(self._recorded_ms, at_ms)
        before, after = self._recorded_ms[max(index - 1, 0) : index], self._recorded_ms[index : index + 1]
        if after and after[0] < at_ms + self._interval_ms:
            return True
        return bool(before and after) and after[0] - before[0] <= _KNOWN_MS
