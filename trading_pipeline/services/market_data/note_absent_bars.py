"""The venue answers and does not have some bars: keep its word, and know an outage when it says so twice."""

from collections.abc import Collection
from datetime import datetime

from trading_pipeline.domain.model.holes import SETTLED, HoleRules
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.ports.stores.market_data.raw_bar_store import RawBarStore


def note_absent_bars(
    store: RawBarStore,
    instrument_id: InstrumentId,
    timeframe: Timeframe,
    absent: Collection[datetime],
    now: datetime,
    rules: HoleRules,
) -> list[datetime]:
    """Keep which bars the venue did not have when it was asked at ``now``, its own time.

    A bar that closed moments ago is late and not absent.

    :param absent: open times (UTC) of bars that were asked for and did not come.
    :returns: open times of those that are an outage from now on, ascending.
    """
    # A venue serves a bar over REST some time after its close, and would be taken at its word too early.
    settled = sorted(time for time in absent if time + timeframe.duration + SETTLED <= now)
    if not settled:
        return []
    count = f"{len(settled)} bars" if len(settled) > 1 else "1 bar"
    answer = (
        f"asked at {now:%Y-%m-%d %H:%M:%S} UTC the venue had none of {count} "
        f"opening from {settled[0]:%Y-%m-%d %H:%M} to {settled[-1]:%Y-%m-%d %H:%M}"
    )
    return store.note_absent(instrument_id, timeframe, settled, now, answer, rules.ask_again_after)
