"""Where the rows of each instrument lie in a frame of several."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from trading_pipeline.domain.model.identity import InstrumentId


def instrument_rows(frame: pd.DataFrame) -> Iterator[tuple[InstrumentId, slice]]:
    """Each instrument with the places of its rows, in the order of the frame.

    Columns are cut at these places as arrays: to group a frame makes a frame of every instrument, which of hundreds
    takes longer than what is asked of their bars.

    :param frame: rows of an instrument stand together, in the column ``instrument_id``.
    """
    codes, names = pd.factorize(frame["instrument_id"])
    begins = [0, *(np.flatnonzero(np.diff(codes)) + 1).tolist(), len(frame)]
    for name, begin, end in zip(names, begins[:-1], begins[1:], strict=bool(len(frame))):
        yield InstrumentId(str(name)), slice(begin, end)
