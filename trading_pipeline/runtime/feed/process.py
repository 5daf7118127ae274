"""``trading-pipeline feed``: build it, check it, run it until it is asked to end."""

import asyncio
import functools

from trading_pipeline.adapters.parameters.universe import load_universe
from trading_pipeline.adapters.stores.execution.account_lease import AccountLease
from trading_pipeline.adapters.venues.catalog import venue_named
from trading_pipeline.runtime.feed.feed import Feed
from trading_pipeline.runtime.feed.storage import FeedStorage, opened_storage
from trading_pipeline.runtime.feed.streams import account_stream, conditions_streams, market_stream
from trading_pipeline.runtime.feed.venue_check import check_venue
from trading_pipeline.settings import Settings


def run_feed(settings: Settings) -> None:
    """Check every setting, then feed.

    :raises ConfigurationError: database, Redis, key, instrument or mode is wrong; the message says which.
    :raises AccountTradedElsewhere: another running system trades the account, or has taken it over.
    """
    universe = load_universe(settings.config_dir)
    venue = venue_named(universe.venue, settings)
    with opened_storage(settings) as storage:
        account_id, instrument_ids = check_venue(settings, universe, venue, storage.accounts, storage.bars)
        lease = storage.lease(account_id)
        streams = (
            market_stream(venue, universe, instrument_ids, storage, settings.config_dir),
            account_stream(venue, lease, storage),
            *conditions_streams(venue, universe, instrument_ids, storage),
        )
        asyncio.run(Feed(streams, functools.partial(_beat, storage, lease)).run())


def _beat(storage: FeedStorage, lease: AccountLease, detail: str) -> None:
    """Show that the feed lives, and that its system goes on trading the account.

    :raises AccountTradedElsewhere: another system has taken the account over.
    """
    lease.hold()
    storage.beat(detail)
