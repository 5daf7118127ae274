"""Fetch the bars that a partition range needs and nobody has told."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

from trading_pipeline.domain.model.bar_history import FirstAvailableBar
from trading_pipeline.domain.model.bars import BarSource
from trading_pipeline.domain.model.errors import TradingError
from trading_pipeline.domain.model.holes import Outage
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.partitions import PartitionRange
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.ports.stores.market_data.bar_store import BarStore
from trading_pipeline.ports.stores.market_data.bulk_bar_store import BulkBarStore
from trading_pipeline.ports.venue.market_data import MarketData
from trading_pipeline.services.market_data.copy_history import PAGE_BARS, copied_history
from trading_pipeline.services.market_data.fetch_pages import Window
from trading_pipeline.services.market_data.note_absent_bars import note_absent_bars

_BRIDGED_BARS = 200
"""Holes closer than this are fetched by one request; a page of the venue holds five times as many."""
_MANY_BARS = 10_000
"""As many that are fetched at once are history, of which every later wave would have to be told that it is no news."""


@dataclass(frozen=True, slots=True)
class GapReport:
    """What became of the missing bars of one instrument.

    :param healed: bars fetched.
    :param missing: open times that are still missing, ascending; bars before the listing are not, nor are outages.
    :param failure: why the venue could not be asked, empty when it could.
    :param lost: open times of bars that are an outage from now on, as the venue was asked twice, ascending.
    :param asked: open times of the first and the last bar that the venue was asked for.
    :param copied: ranges of open times that held nothing and whose bars, fetched, are consolidated already.
    """

    instrument_id: InstrumentId
    healed: int
    missing: tuple[datetime, ...]
    failure: str
    lost: tuple[datetime, ...] = ()
    asked: tuple[datetime, ...] = field(default=(), compare=False)
    copied: tuple[Window, ...] = field(default=(), compare=False)


def fill_gaps(
    store: BarStore,
    market_data: MarketData,
    scope: PartitionRange,
    now: datetime,
    history: BulkBarStore | None = None,
) -> list[GapReport]:
    """Fetch what is missing from the window's start to the last bar closed by ``now``.

    Where the days are computed from a bar on, what is missing before it was asked for when that was computed.

    An instrument that fails is reported and does not stop the others.

    What the venue does not have before an instrument's first bar is taken for the time before its listing; what it
    does not have when asked twice, some minutes apart, is an outage. Both are remembered, so that they are neither
    asked for again nor held against the instrument; a policy that refuses outages asks for them in every run.

    :param history: where holes of a page and more are kept at once; without it bar by bar, like others.
    :returns: one report per instrument that missed something.
    """
    scope = scope.bridging(store.outages(scope.instrument_ids, scope.timeframe))
    start, end = scope.open_times_until(now)
    missing: dict[InstrumentId, list[datetime]] = {}
    for part in scope.parts:
        missing |= store.missing(part.instrument_ids, scope.timeframe, part.heard_from, end)
    listings = store.first_available_bars(list(missing), scope.timeframe)
    reports = []
    for instrument_id, absent in missing.items():
        listing, outages = listings.get(instrument_id), scope.outages.get(instrument_id, ())
        wanted = absent
        if listing or outages:
            wanted = [time for time in absent if not (_before_listing(listing, start, time) or _lost(outages, time))]
        if wanted:
            reports.append(_fill(store, market_data, scope, now, history, instrument_id, wanted))
    if sum(report.healed for report in reports) >= _MANY_BARS:
        store.sum_up()
    return reports


def _before_listing(listing: FirstAvailableBar | None, start: datetime, time: datetime) -> bool:
    """Whether the venue is known to have nothing at ``time``, having been asked from ``start`` on."""
    return listing is not None and listing.asked_from <= start and time < listing.first_open


def _lost(outages: Sequence[Outage], time: datetime) -> bool:
    """Whether the venue is known to have lost the bar that opens at ``time``."""
    return any(outage.holds(time) for outage in outages)


def _fill(
    store: BarStore,
    market_data: MarketData,
    scope: PartitionRange,
    now: datetime,
    history: BulkBarStore | None,
    instrument_id: InstrumentId,
    wanted: Sequence[datetime],
) -> GapReport:
    """Fetch the wanted bars of one instrument."""
    timeframe, absent, failure, lost = scope.timeframe, set(wanted), "", list[datetime]()
    long, rest = _long_holes(wanted, timeframe) if history else ([], wanted)
    try:
        if history:
            for opens in copied_history(history, market_data, instrument_id, timeframe, long):
                absent -= opens
        for begin, last in _stretches(rest, timeframe):
            bars = market_data.bars(instrument_id, timeframe, begin, last + timeframe.duration)
            # A request bridges small holes, so that it brings bars along that were there.
            found = [bar for bar in bars if bar.open_time in absent]
            store.append_raw(found, BarSource.REST)
            absent -= {bar.open_time for bar in found}
    # One instrument that the venue does not answer for must not leave the others with holes.
    except TradingError as error:
        failure, long = str(error), []
    healed = len(wanted) - len(absent)
    if not failure:
        _note_listing(store, scope, instrument_id, absent)
        lost = note_absent_bars(store, instrument_id, timeframe, absent, now, scope.holes)
    missing, asked = absent - set(lost) if scope.computes_over else absent, (wanted[0], wanted[-1])
    return GapReport(instrument_id, healed, tuple(sorted(missing)), failure, tuple(lost), asked, tuple(long))


def _long_holes(times: Sequence[datetime], timeframe: Timeframe) -> tuple[list[Window], list[datetime]]:
    """Ranges as long as a page or longer of which every bar is wanted, and the other times."""
    length = timeframe.duration
    ends = [place for place, (one, later) in enumerate(pairwise(times), 1) if later - one != length]
    runs = [times[begin:end] for begin, end in pairwise([0, *ends, len(times)])]
    long = [(run[0], run[-1] + length) for run in runs if len(run) >= PAGE_BARS]
    return long, [time for run in runs if len(run) < PAGE_BARS for time in run]


def _note_listing(store: BarStore, scope: PartitionRange, instrument_id: InstrumentId, absent: set[datetime]) -> None:
    """Remember the first bar, when the venue had nothing before it; such bars leave ``absent``."""
    start = scope.window_start
    earliest = store.first_raw_open(instrument_id, scope.timeframe, scope.first_open)
    # Only a hole at the very start proves a listing: one in the middle is a hole.
    if start in absent and earliest is not None and earliest > start:
        store.record_first_available_bar(FirstAvailableBar(instrument_id, start, earliest), scope.timeframe)
        absent -= {time for time in absent if time < earliest}


def _stretches(times: Sequence[datetime], timeframe: Timeframe) -> list[tuple[datetime, datetime]]:
    """First and last open time of each request that fetches ``times``."""
    stretches = [(time, time) for time in times[:1]]
    for time in times[1:]:
        begin, last = stretches[-1]
        if time - last <= _BRIDGED_BARS * timeframe.duration:
            stretches[-1] = (begin, time)
        else:
            stretches.append((time, time))
    return stretches
