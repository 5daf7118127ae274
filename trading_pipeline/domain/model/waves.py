"""A wave: every bar that closes at one instant."""

from dataclasses import dataclass
from datetime import datetime

from trading_pipeline.domain.model.timeframes import Timeframe


@dataclass(frozen=True, slots=True)
class Wave:
    """One timeframe of one closing instant.

    :param symbols_heard: instruments of which a raw bar with this close is stored.
    :param computed: whether the plans of all bars heard are stored.
    :param run_id: the run that stored them, empty before.
    """

    close_time: datetime
    timeframe: Timeframe
    instruments_heard: int
    computed: bool
    run_id: str
