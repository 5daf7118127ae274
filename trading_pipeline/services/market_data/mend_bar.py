"""A person says what a bar was: where the venue lost it, or told what cannot have been."""

from datetime import datetime

import numpy as np
import pandas as pd

from trading_pipeline.domain.model.bar_history import Mend, Revision
from trading_pipeline.domain.model.bars import OHLCV, Bar
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.possible_bars import possible
from trading_pipeline.ports.stores.market_data.raw_bar_store import RawBarStore


def mend_bar(store: RawBarStore, mend: Mend, now: datetime) -> Revision:
    """Let the bar count before every source's word, from the next run that consolidates its day on.

    :param now: UTC; a bar that is not over has nothing to mend.
    :returns: what it was before, and what it is.
    :raises ConfigurationError: there is no reason, no such bar, or none could have been like that.
    """
    bar = mend.bar
    named = f"{bar.instrument_id} {bar.timeframe} {bar.open_time.isoformat()}"
    if not mend.reason.strip():
        raise ConfigurationError(f"{named}: a bar is not mended without a reason; say why with --reason")
    if not bar.timeframe.closes_at(bar.open_time):
        raise ConfigurationError(f"{named}: no bar opens there; bars of {bar.timeframe} open at multiples of it in UTC")
    if bar.close_time > now:
        raise ConfigurationError(f"{named}: the bar is not over; give one that has closed")
    # By the same rule as every stored bar: a mended one would otherwise be refused by the next check.
    if not possible(_row(bar)).all():
        values = " ".join(f"{name} {getattr(bar, name)}" for name in OHLCV)
        raise ConfigurationError(
            f"{named}: {values}: no bar can be like that; low and high have to enclose open and close, prices are "
            "positive and the volume is not negative"
        )
    return store.mend(mend)


def _row(bar: Bar) -> pd.DataFrame:
    """The bar as a frame of one row."""
    return pd.DataFrame({name: np.array([float(getattr(bar, name))]) for name in OHLCV})
