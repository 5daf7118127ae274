"""Many bars of one instrument with their numbers as they were written.

A million ``Bar`` objects cost more time than everything else that happens to a million bars. The digits of venue and
file go into NUMERIC columns as they are; float64 is made of them only to look at.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from trading_pipeline.domain.model.bars import BAR_COLUMNS, OHLCV, Bar
from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe, from_ms, to_ms

if TYPE_CHECKING:
    # Processes that hear bars one by one know this module, and no frames.
    import pandas as pd

NUMBERS = (*OHLCV, "turnover")

BETWEEN = "\t"
"""What stands between the numbers of a bar. One text for each bar, because a list for each, of which there are tens of
thousands on their way, is looked through again and again by the garbage collector."""


@dataclass(frozen=True, slots=True)
class WrittenBars:
    """Bars in ascending order.

    :param open_ms: open times, UTC milliseconds, shape ``(n,)``.
    :param numbers: open, high, low, close, volume, turnover of each bar, as decimal text with ``BETWEEN`` between them.
    """

    instrument_id: InstrumentId
    timeframe: Timeframe
    open_ms: NDArray[np.int64]
    numbers: Sequence[str]

    def __len__(self) -> int:
        """How many bars."""
        return len(self.open_ms)

    @classmethod
    def of_bars(cls, instrument_id: InstrumentId, timeframe: Timeframe, bars: Sequence[Bar]) -> "WrittenBars":
        """The same bars as objects."""
        opens = np.array([to_ms(bar.open_time) for bar in bars], dtype=np.int64)
        numbers = [BETWEEN.join(str(getattr(bar, name)) for name in NUMBERS) for bar in bars]
        return cls(instrument_id, timeframe, opens, numbers)

    @classmethod
    def of_frame(cls, frame: "pd.DataFrame", instrument_id: InstrumentId, timeframe: Timeframe) -> "WrittenBars":
        """The same bars as a frame with ``BAR_COLUMNS``; a float is written in the fewest digits that give it back."""
        opens = frame["open_time"].astype("datetime64[ms, UTC]").to_numpy("datetime64[ms]").astype(np.int64)
        columns = [map(repr, frame[name].tolist()) for name in NUMBERS]
        return cls(instrument_id, timeframe, opens, list(map(BETWEEN.join, zip(*columns, strict=True))))

    def frame(self) -> "pd.DataFrame":
        """With ``BAR_COLUMNS``.

        :raises DataError: something is no finite number.
        """
        import pandas as pd

        try:
            values = self._values()
        except ValueError as error:
            raise DataError(f"{self.instrument_id} {self.timeframe}: {error}") from None
        if not np.isfinite(values).all():
            row = int(np.argmin(np.isfinite(values).all(axis=1)))
            unsound = from_ms(int(self.open_ms[row])).isoformat()
            raise DataError(f"{self.instrument_id} {self.timeframe}: the bar of {unsound} holds no finite numbers")
        opens = self.open_ms.astype("datetime64[ms]")
        columns = {
            "instrument_id": pd.Series(np.full(len(self), self.instrument_id, dtype=object), dtype="str"),
            "open_time": pd.DatetimeIndex(opens).as_unit("us").tz_localize("UTC"),
            "close_time": pd.DatetimeIndex(opens + self.timeframe.ms).as_unit("us").tz_localize("UTC"),
            **{name: values[:, place] for place, name in enumerate(NUMBERS)},
        }
        return pd.DataFrame(columns, columns=list(BAR_COLUMNS))

    def _values(self) -> NDArray[np.float64]:
        """The numbers as float64, shape ``(n, 6)``."""
        texts = BETWEEN.join(self.numbers).split(BETWEEN) if len(self) else []
        # One that holds the separator itself makes more of them.
        return np.fromiter(map(float, texts), np.float64, len(texts)).reshape(len(self), len(NUMBERS))

    def between(self, first_ms: int, end_ms: int) -> "WrittenBars":
        """The bars that open in ``[first_ms, end_ms)``, UTC milliseconds."""
        part = slice(*np.searchsorted(self.open_ms, [first_ms, end_ms]).tolist())
        return WrittenBars(self.instrument_id, self.timeframe, self.open_ms[part], self.numbers[part])

    @classmethod
    def joined(cls, pages: "Sequence[WrittenBars]") -> "WrittenBars":
        """Pages of one instrument and timeframe that follow each other, at least one, as one."""
        opens = np.concatenate([page.open_ms for page in pages])
        numbers = list(chain.from_iterable(page.numbers for page in pages))
        return cls(pages[0].instrument_id, pages[0].timeframe, opens, numbers)

    def parts(self, size: int) -> Iterator["WrittenBars"]:
        """The same bars, ``size`` at a time."""
        for first in range(0, len(self), size):
            part = slice(first, first + size)
            yield WrittenBars(self.instrument_id, self.timeframe, self.open_ms[part], self.numbers[part])
