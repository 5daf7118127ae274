"""Days that nobody computed to their end while the system stood still."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from trading_pipeline.domain.model.timeframes import Timeframe, day_of
from trading_pipeline.domain.model.universe import Universe
from trading_pipeline.ports.stores.market_data.check_store import CheckStore
from trading_pipeline.ports.stores.market_data.wave_store import WaveStore

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class MissedDays:
    """Days as the midnights that begin them, ascending.

    :param missed: those whose last bars have no verdict and for which no wave waits.
    :param waiting: those for which a wave waits; its run computes them.
    :param today: the day of the newest computed wave, which its waves go on with.
    """

    missed: tuple[datetime, ...]
    waiting: tuple[datetime, ...]
    today: datetime


def find_missed_days(
    *, checks: CheckStore, waves: WaveStore, universe: Universe, since: datetime | None = None
) -> MissedDays | None:
    """Look from the first computed wave to the newest; what lies before the first is for people to backfill.

    The first wave after an outage computes its own day whole, so a day is missed if it ended during the outage.

    :param since: the first day to look at.
    :returns: ``None`` before the first wave.
    """
    span = waves.computed_span(universe.finest)
    if span is None:
        return None
    begin, today = (_opened_on(close, universe.finest) for close in span)
    day, days = max(begin, since or begin), []
    while day < today:
        days.append(day)
        day += _DAY
    waiting = {_opened_on(wave.close_time, wave.timeframe) for wave in waves.pending()}
    # By the last close of each day: a day that was computed to its end has a verdict there.
    skipped = checks.skipped_closes(universe.instrument_ids, universe.timeframes, [one + _DAY for one in days])
    missed = [close - _DAY for close in skipped if close - _DAY not in waiting]
    return MissedDays(tuple(missed), tuple(one for one in days if one in waiting), today)


def _opened_on(close: datetime, timeframe: Timeframe) -> datetime:
    """The day that a bar belongs to."""
    return day_of(close - timeframe.duration)
