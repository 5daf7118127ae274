"""The streams of a venue as the feed runs them: bars, what stands between them, the account's orders and fills."""

import functools
from collections.abc import Sequence
from pathlib import Path

from trading_pipeline.adapters.stores.execution.account_lease import AccountLease
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.universe import Universe
from trading_pipeline.ports.venue.streams import ConditionsStream
from trading_pipeline.ports.venue.venue import Venue
from trading_pipeline.resources.operator_alerts import kept_notifier
from trading_pipeline.runtime.feed.books import BookSampler
from trading_pipeline.runtime.feed.conditions import ConditionsFeed
from trading_pipeline.runtime.feed.feed import FeedStream
from trading_pipeline.runtime.feed.link import Link
from trading_pipeline.runtime.feed.private import PrivateFeed
from trading_pipeline.runtime.feed.public import PublicFeed
from trading_pipeline.runtime.feed.storage import FeedStorage
from trading_pipeline.runtime.supervision.subprocess_tasks import book_timeframes
from trading_pipeline.services.market_data.record_quality import record_quality


def market_stream(
    venue: Venue, universe: Universe, instrument_ids: Sequence[InstrumentId], storage: FeedStorage, config_dir: Path
) -> FeedStream:
    """Bars of every timeframe of the universe, derived ones included, and books at the closes that need them.

    :param instrument_ids: those of the universe that the venue trades.
    :param config_dir: whose strategies say at which closes the book is needed.
    """
    bars = venue.market_stream(instrument_ids, universe.timeframes)
    parts = bars.parts()
    derived = {made: base for made, base in venue.derivations.items() if made in universe.timeframes}
    # Of derived timeframes, too: coverage has to know what they owe, though no frame ever brings them.
    series = [(one, timeframe) for one in instrument_ids for timeframe in (*bars.timeframes, *derived)]
    books = BookSampler(venue.live_market(), storage.books, functools.partial(book_timeframes, config_dir))
    market_data = venue.market_data()
    public = PublicFeed(
        series,
        storage.bars,
        storage.events,
        market_data,
        books.bar_closed,
        derived,
        functools.partial(record_quality, storage.quality, storage.events),
        universe.holes,
        connections=len(parts),
    )
    links = tuple(Link(part, public) for part in parts)
    return FeedStream(links, public.begin, (public.store_bars, public.fill_in, books.sample))


def conditions_streams(
    venue: Venue, universe: Universe, instrument_ids: Sequence[InstrumentId], storage: FeedStorage
) -> list[FeedStream]:
    """What stands between bars, a listener for each connection; none where nothing of it is collected."""
    stream = venue.conditions_stream(instrument_ids, universe.feeds)
    return [] if stream is None else [_conditions(part, universe, storage) for part in stream.parts()]


def _conditions(stream: ConditionsStream, universe: Universe, storage: FeedStorage) -> FeedStream:
    notice = functools.partial(record_quality, storage.quality, storage.events)
    # On a link of its own: trades and books of many symbols must never hold up a bar.
    # Of its own for each connection: a new one begins with everything whole, and says nothing about the others.
    conditions = ConditionsFeed(universe.feeds, storage.tickers, storage.tape, storage.events, notice)
    link = Link(stream, conditions)
    resync = functools.partial(conditions.resync, link, stream.resync_messages)
    return FeedStream((link,), conditions.begin, (conditions.store, resync))


def account_stream(venue: Venue, lease: AccountLease, storage: FeedStorage) -> FeedStream:
    """Orders and fills of the account behind the venue's key."""
    notifier = kept_notifier(storage.engine)
    private = PrivateFeed(storage.ledger(lease), storage.events, venue.trading(), notifier)
    return FeedStream((Link(venue.account_stream(), private),), private.begin, (private.book, private.resync))
