"""Closed bars from the public stream into the database, and from REST what the stream did not bring."""

import asyncio
import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from trading_pipeline.domain.model.bars import Bar, BarSource
from trading_pipeline.domain.model.derived_bars import Derivations, derived_bars
from trading_pipeline.domain.model.errors import VenueError
from trading_pipeline.domain.model.holes import HoleRules
from trading_pipeline.domain.model.quality import QualityEvent
from trading_pipeline.domain.model.stream_updates import StreamUpdate
from trading_pipeline.ports.stores.market_data.raw_bar_store import RawBarStore
from trading_pipeline.ports.streams import EventStream
from trading_pipeline.ports.venue.market_data import MarketData
from trading_pipeline.runtime.feed.catch_up import Missed, corrections, missed_bars
from trading_pipeline.runtime.feed.coverage import Coverage, Series
from trading_pipeline.runtime.feed.persistence import retry_until_reachable
from trading_pipeline.services.market_data.ingest_bars import ingest_bars
from trading_pipeline.services.market_data.note_absent_bars import note_absent_bars
from trading_pipeline.services.market_data.notice_gaps import (
    backfill_noticed,
    gap_noticed,
    outages_noticed,
    reconnect_noticed,
    revisions_noticed,
)

_log = structlog.get_logger(__name__)

_BATCH_S = 0.003
"""Bars of one closing instant arrive within a few milliseconds and share a transaction."""

# Seconds of real time for which a bar may be owed before REST is asked.
_PATIENCE_S = 2.0
_LONGEST_PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Malformed:
    """A frame for the dead letters."""

    raw: str
    reason: str


def _nobody(_: object) -> None:
    """Who hears of closes, or of what is noticed, when nobody wants to."""


@dataclass(frozen=True, slots=True)
class PublicFeed:
    """Hears bars; ``store_bars`` and ``fill_in`` run beside the links for as long as the feed does.

    :param series: instruments and timeframes that are collected, derived ones included.
    :param bar_closed: told of every bar that closed just now, before it is stored; returns at once.
    :param notice: keeps what is noticed about the data; blocks, and may be asked again.
    :param holes: when the venue's silence about a bar makes an outage.
    :param connections: over how many the bars come; who connects once more has come back.
    :param derivations: timeframes that the stream does not bring, each with the one that they are made of.
    """

    series: Sequence[Series]
    store: RawBarStore
    stream: EventStream
    market_data: MarketData
    bar_closed: Callable[[Bar], None] = _nobody
    derivations: Derivations = field(default_factory=dict)
    notice: Callable[[list[QualityEvent]], object] = _nobody
    holes: HoleRules = field(default_factory=HoleRules)
    connections: int = 1
    coverage: Coverage = field(default_factory=Coverage)
    name: str = "feed.public"
    _heard: asyncio.Queue[Bar | Malformed] = field(default_factory=asyncio.Queue)
    _look_now: asyncio.Event = field(default_factory=asyncio.Event)
    _sessions: list[str] = field(default_factory=list)
    _storing: asyncio.Lock = field(default_factory=asyncio.Lock)

    def connected(self) -> None:
        """Look over REST for what closed while nobody listened."""
        self._sessions.append(self.name)
        self._look_now.set()

    def heard(self, update: StreamUpdate) -> None:
        """Queue closed bars."""
        for bar in update.bars:
            if self.coverage.knows(bar):
                self._heard.put_nowait(bar)
                self.bar_closed(bar)
            else:
                self.malformed(str(bar), f"{bar.instrument_id} {bar.timeframe} is not in the universe")

    def malformed(self, raw: str, reason: str) -> None:
        """Queue a frame for the dead letters."""
        self._heard.put_nowait(Malformed(raw, reason))

    async def begin(self) -> None:
        """Read where each series stands; needed once, before anything is heard.

        :raises TemporaryVenueError: the venue does not tell the time.
        """
        now = await asyncio.to_thread(self.market_data.server_time)
        for instrument_id, timeframe in self.series:
            newest = await asyncio.to_thread(self.store.newest_raw_close, instrument_id, timeframe)
            self.coverage.begin((instrument_id, timeframe), newest, now)

    async def store_bars(self) -> None:
        """Write what was heard, a few milliseconds of it at a time."""
        while True:
            batch = [await self._heard.get()]
            # What closes together is stored together, so that a wave is opened with all that has come.
            await asyncio.sleep(_BATCH_S)
            while not self._heard.empty():
                batch.append(self._heard.get_nowait())
            await self._ingest([item for item in batch if isinstance(item, Bar)], BarSource.WEBSOCKET)
            await self._dead_letter([item for item in batch if isinstance(item, Malformed)])

    async def fill_in(self) -> None:
        """Ask REST for bars that closed and did not arrive: after connecting, after a malformed frame, when late.

        A bar is late when it is missing for two seconds of real time, because a replay's clock may
        stand still. Answers without the bar make the next question wait longer, up to a minute.
        After a reconnection the bars that had come before are compared, too.
        """
        patience_s, overdue, sessions = _PATIENCE_S, False, self.connections
        while True:
            # A malformed frame or a new connection is a reason to ask at once; lateness alone has to last.
            urgent = await self._pause(patience_s)
            try:
                now = await asyncio.to_thread(self.market_data.server_time)
                # By venue time: bars close by that clock, and the host's may be off.
                missing = self.coverage.missing(now)
                reconnected, sessions = len(self._sessions) > sessions, max(len(self._sessions), sessions)
                if reconnected:
                    await self._keep([reconnect_noticed(self.name, sessions, now)])
                if missing and (urgent or overdue):
                    await self._ask(missing, now, overdue=overdue)
                if reconnected:
                    await self._verify(now)
            except VenueError as error:
                _log.warning("bars cannot be asked for", cause=str(error))
            else:
                still = bool(self.coverage.missing(now))
                patience_s = min(patience_s * 2, _LONGEST_PATIENCE_S) if still and overdue else _PATIENCE_S
                overdue = bool(missing) and still

    async def _pause(self, seconds: float) -> bool:
        """Wait; return early and true when somebody wants a look now."""
        try:
            async with asyncio.timeout(seconds):
                await self._look_now.wait()
        except TimeoutError:
            return False
        self._look_now.clear()
        return True

    async def _ask(self, missing: Mapping[Series, datetime], now: datetime, *, overdue: bool) -> None:
        """Ask REST for what is missing, and say so where it is more than the bar that closes just now."""
        owed = {series: self.coverage.owed(series, now) for series in missing}
        gaps = {series: times for series, times in owed.items() if times and (overdue or len(times) > 1)}
        await self._keep([gap_noticed(*series, times, now) for series, times in gaps.items()])
        missed = await asyncio.to_thread(missed_bars, self.market_data, missing, now)
        await self._ingest_missed(missed)
        filled = {series: len(times) - len(self.coverage.owed(series, now)) for series, times in gaps.items()}
        await self._keep(
            [
                backfill_noticed(*series, filled[series], times[0], times[-1] + series[1].duration, now)
                for series, times in gaps.items()
                if filled[series]
            ]
        )
        await self._note_lost(missed.answered, now)

    async def _verify(self, now: datetime) -> None:
        """Keep what REST says of the newest bars where it is not what was heard; a check of the bar names both."""
        for series in self.series:
            compare = functools.partial(corrections, self.store, self.market_data, series, now)
            await self._ingest(await asyncio.to_thread(compare), BarSource.REST)

    async def _keep(self, events: list[QualityEvent]) -> None:
        if events:
            await retry_until_reachable(functools.partial(self.notice, events), "keeping what was noticed")

    async def _ingest_missed(self, missed: Missed) -> None:
        for refusal in missed.refused:
            _log.error("bars refused", cause=refusal)
        if missed.older or missed.newest:
            _log.info("bars caught up", older=len(missed.older), just_closed=len(missed.newest))
        for bar in missed.newest:
            self.bar_closed(bar)
        # The older first: the wave that the newest opens reads them.
        await self._ingest(missed.older, BarSource.REST)
        await self._ingest(missed.newest, BarSource.REST, live=True)

    async def _note_lost(self, answered: Iterable[Series], now: datetime) -> None:
        """Keep what the venue was asked for and does not have; what it has lost is owed no more."""
        for series in answered:
            # Of most series everything has come, and the database need not be asked.
            if owed := self.coverage.owed(series, now):
                note = functools.partial(note_absent_bars, self.store, *series, owed, now, self.holes)
                for_good = await retry_until_reachable(note, "noting absent bars")
                read = functools.partial(self.store.outages, [series[0]], series[1])
                outages = (await retry_until_reachable(read, "reading outages")).get(series[0], [])
                self.coverage.lost(series, [time for time in owed if any(one.holds(time) for one in outages)])
                await self._keep(list(outages_noticed(*series, for_good, now)))

    async def _ingest(self, bars: Sequence[Bar], source: BarSource, *, live: bool = False) -> None:
        if bars:
            work = functools.partial(ingest_bars, self.store, self.stream, bars, source, live=live)
            # Stream and REST may bring a bar at one time, and each would be the first to tell it.
            async with self._storing:
                ingested = await retry_until_reachable(work, f"storing {len(bars)} bars")
            self.coverage.stored(bars)
            await self._keep(list(revisions_noticed(ingested.revised)))
            if live or source is BarSource.WEBSOCKET:
                await self._ingest_derived(bars)

    async def _ingest_derived(self, bars: Sequence[Bar]) -> None:
        """Store and announce what the bars complete. What lacks a part is asked for like any bar that is late."""
        for timeframe, base in self.derivations.items():
            last = [bar for bar in bars if bar.timeframe is base and timeframe.closes_at(bar.close_time)]
            for close_time in sorted({bar.close_time for bar in last}):
                names = [bar.instrument_id for bar in last if bar.close_time == close_time]
                start = close_time - timeframe.duration
                work = functools.partial(self.store.raw_bars, names, base, start, close_time)
                made = derived_bars(await retry_until_reachable(work, f"reading {base} bars"), timeframe)
                for bar in made:
                    self.bar_closed(bar)
                # As if the stream had told it, so that it opens its wave like the bars that it is made of.
                await self._ingest(made, BarSource.WEBSOCKET)
                if len(made) < len(names):
                    self._look_now.set()

    async def _dead_letter(self, letters: Iterable[Malformed]) -> None:
        for letter in letters:
            work = functools.partial(self.stream.dead_letter, self.name, letter.raw, letter.reason)
            await retry_until_reachable(work, "dead-lettering a frame")
            _log.warning("malformed frame", stream=self.name, reason=letter.reason)
            # the bar that the frame may have carried has to come some other way
            self._look_now.set()
