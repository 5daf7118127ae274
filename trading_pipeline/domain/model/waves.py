"""A wave: every bar that closes at one instant."""

from dataclasses import dataclass
from datetime import datetime

from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe


@dataclass(frozen=True, slots=True)
class ComputedWave:
    """What a wave's rows were computed of.

    :param heard: the database's own word for which raw bars the run could see.
    :param decided_by: digest of the code and the parameters that decided.
    :param unanswered: instruments about which a strategy failed, so that their rows are missing.
    """

    heard: str
    decided_by: str
    unanswered: frozenset[InstrumentId] = frozenset()


@dataclass(frozen=True, slots=True)
class Wave:
    """One timeframe of one closing instant.

    :param close_time: the closing instant, UTC.
    :param instruments_heard: of how many instruments a raw bar with this close is stored.
    :param computed: whether the plans of all bars heard are stored.
    :param run_id: the run that stored them, empty before.
    """

    close_time: datetime
    timeframe: Timeframe
    instruments_heard: int
    computed: bool
    run_id: str
