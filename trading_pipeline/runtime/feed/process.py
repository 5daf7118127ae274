"""``trading-pipeline feed``: build it, check it, run it until it is asked to end."""

import asyncio
import functools
import signal
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError, ProgrammingError

from trading_pipeline.adapters.parameters.universe import load_universe
from trading_pipeline.adapters.stores.execution.account_register import PostgresAccountRegister
from trading_pipeline.adapters.stores.execution.ledger import PostgresLedger
from trading_pipeline.adapters.stores.market_data.book_store import PostgresBookSampleStore
from trading_pipeline.adapters.stores.market_data.raw_bar_store import PostgresRawBarStore
from trading_pipeline.adapters.stores.operations.heartbeats import PostgresHeartbeatStore
from trading_pipeline.adapters.stores.postgres.database import connect, unreachable
from trading_pipeline.adapters.streams.redis_stream import RedisStream
from trading_pipeline.adapters.venues.catalog import venue_named
from trading_pipeline.adapters.venues.live_guard import acknowledge_live
from trading_pipeline.domain.model.errors import ConfigurationError, TemporaryVenueError
from trading_pipeline.domain.model.identity import AccountId, InstrumentId
from trading_pipeline.domain.model.universe import Universe
from trading_pipeline.ports.stores.execution.account_register import AccountRegister
from trading_pipeline.ports.stores.market_data.raw_bar_store import RawBarStore
from trading_pipeline.ports.stores.operations.heartbeats import HeartbeatStore
from trading_pipeline.ports.venue.venue import Venue
from trading_pipeline.runtime.feed.books import BookSampler
from trading_pipeline.runtime.feed.link import Link
from trading_pipeline.runtime.feed.persistence import retry_until_reachable
from trading_pipeline.runtime.feed.private import PrivateFeed
from trading_pipeline.runtime.feed.public import PublicFeed
from trading_pipeline.runtime.supervision.subprocess_tasks import book_timeframes
from trading_pipeline.services.execution.identify_account import register_account
from trading_pipeline.settings import Settings

_log = structlog.get_logger(__name__)

COMPONENT = "feed"
"""Name of the feed's heartbeat."""

# Seconds; whoever watches takes four missed beats for the end of the feed.
_HEARTBEAT_S = 5.0
_VENUE_RETRY_S = 2.0


@dataclass(frozen=True, slots=True)
class FeedStream:
    """One WebSocket and the work beside it.

    :param begin: asked once before anything is heard, again while the venue does not answer.
    :param work: each runs for as long as the feed does.
    """

    link: Link
    begin: Callable[[], Coroutine[None, None, None]]
    work: tuple[Callable[[], Coroutine[None, None, None]], ...]


@dataclass(frozen=True, slots=True)
class Feed:
    """Streams side by side, and the sign of life that tells which are up."""

    streams: tuple[FeedStream, ...]
    heartbeats: HeartbeatStore

    async def run(self) -> None:
        """Run until SIGTERM or SIGINT.

        :raises ConfigurationError: the venue refuses the key or an instrument.
        """
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await _first_ended(stop.wait(), self._work())
        _log.info("ending")

    async def _work(self) -> None:
        # Nothing connects before every stream knows where it stands: a frame would not find its series.
        while not await self._begun():
            await asyncio.sleep(_VENUE_RETRY_S)
        links = [stream.link.run() for stream in self.streams]
        await _first_ended(*links, *(work() for stream in self.streams for work in stream.work), self._beat())

    async def _begun(self) -> bool:
        try:
            for stream in self.streams:
                await stream.begin()
        except TemporaryVenueError as error:
            _log.warning("the venue does not answer yet", cause=str(error))
            return False
        return True

    async def _beat(self) -> None:
        while True:
            await retry_until_reachable(self._beat_once, "heartbeat")
            await asyncio.sleep(_HEARTBEAT_S)

    def _beat_once(self) -> None:
        states = (f"{stream.link.listener.name} {'up' if stream.link.up else 'down'}" for stream in self.streams)
        self.heartbeats.beat(COMPONENT, ", ".join(states))


async def _first_ended(*work: Coroutine[None, None, object]) -> None:
    """Run side by side until one ends or fails, then end the others."""
    tasks = [asyncio.ensure_future(part) for part in work]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            # Raises what ended it, so that a refused key ends the feed with its message.
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def run_feed(settings: Settings) -> None:
    """Check every setting, then feed.

    :raises ConfigurationError: database, Redis, key, instrument or mode is wrong; the message says which.
    """
    universe = load_universe(settings.config_dir)
    venue = venue_named(universe.venue, settings)
    market_data = venue.market_data()
    stream = _redis(settings)
    engine = _database(settings)
    try:
        store = PostgresRawBarStore(engine)
        account_id, instrument_ids = _check_venue(settings, universe, venue, PostgresAccountRegister(engine), store)
        wanted = functools.partial(book_timeframes, settings.config_dir)
        books = BookSampler(venue.live_market(), PostgresBookSampleStore(engine), wanted)
        bars = venue.market_stream(instrument_ids, universe.timeframes)
        derived = {made: base for made, base in venue.derivations.items() if made in universe.timeframes}
        series = [(one, timeframe) for one in instrument_ids for timeframe in (*bars.timeframes, *derived)]
        public = PublicFeed(series, store, stream, market_data, books.bar_closed, derived)
        private = PrivateFeed(PostgresLedger(engine, account_id), stream, venue.trading())
        streams = (
            FeedStream(Link(bars, public), public.begin, (public.store_bars, public.fill_in, books.sample)),
            FeedStream(Link(venue.account_stream(), private), private.begin, (private.book, private.resync)),
        )
        asyncio.run(Feed(streams, PostgresHeartbeatStore(engine)).run())
    finally:
        engine.dispose()
        stream.close()


def _redis(settings: Settings) -> RedisStream:
    if not settings.redis_url:
        raise ConfigurationError("REDIS_URL is empty; set it, or let `trading-pipeline up` start the feed")
    stream = RedisStream(settings.redis_url)
    stream.check()
    return stream


def _database(settings: Settings) -> Engine:
    if not settings.database_url:
        raise ConfigurationError("DATABASE_URL is empty; set it, or let `trading-pipeline up` start the feed")
    engine = connect(settings.database_url)
    try:
        # A write and not a question: it proves address, rights and schema at once.
        PostgresHeartbeatStore(engine).beat(COMPONENT, "starting")
    except OperationalError as error:
        raise unreachable(settings.database_url, error) from error
    except ProgrammingError as error:
        raise ConfigurationError("the database has no schema `trading`; run `trading-pipeline migrate`") from error
    return engine


def _check_venue(
    settings: Settings, universe: Universe, venue: Venue, register: AccountRegister, store: RawBarStore
) -> tuple[AccountId, tuple[InstrumentId, ...]]:
    """Find wrong keys and instruments before the first frame; a venue that is away is waited for.

    :returns: the account behind the key, and the instruments that the venue trades.
    :raises ConfigurationError: the venue refuses the key, names another account than before, or does not trade an
        instrument and never did.
    """
    while True:
        try:
            acknowledge_live(settings, venue.trading())
            account_id = register_account(register=register, venue=venue, mode=settings.mode)
            listed = set(venue.market_data().instruments())
            break
        except TemporaryVenueError as error:
            _log.warning("the venue does not answer yet", cause=str(error))
            time.sleep(_VENUE_RETRY_S)
    traded = tuple(one for one in universe.instrument_ids if one in listed)
    absent = [one for one in universe.instrument_ids if one not in listed]
    unheard = [one for one in absent if store.newest_raw_close(one, universe.finest) is None]
    if unheard or not traded:
        raise ConfigurationError(
            f"{universe.venue} trades no {', '.join(unheard or absent)}; correct symbols in universe.yaml"
        )
    for instrument_id in absent:
        # one instrument that is gone must not leave the others without bars, and positions without fills
        _log.error("no longer listed, nothing of it is collected any more", instrument=instrument_id)
    _log.info("venue checked", account=account_id, instruments=len(traded))
    return account_id, traded
