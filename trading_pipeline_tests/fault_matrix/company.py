"""Who else is at work on the account while the jobs are: the feed that hears it, and the watchdog that looks at it."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from trading_pipeline.adapters.stores.execution.risk_events import PostgresRiskEventLog
from trading_pipeline.adapters.stores.operations.heartbeats import PostgresHeartbeatStore
from trading_pipeline.adapters.venues.bybit.streams import BybitAccountStream
from trading_pipeline.ports.streams import EventStream
from trading_pipeline.runtime.feed.backoff import Backoff
from trading_pipeline.runtime.feed.link import Link
from trading_pipeline.runtime.feed.private import PrivateFeed
from trading_pipeline.runtime.watchdog.watchdog import COMPONENT, Watchdog
from trading_pipeline_tests.fault_matrix.account import SimulatedAccount
from trading_pipeline_tests.testkit.builders import ACCOUNT
from trading_pipeline_tests.testkit.fakes_market_data import ListStream
from trading_pipeline_tests.testkit.tripwire import Tripwire

_SILENCE_S = 1.0
"""After which the feed takes a connection for dead; 45 in production, which a test would only wait for."""
_PATIENCE_S = 10.0


class WatchedRun(Tripwire):
    """The watchdog looks before every call that the run makes: the worst moment for two who set one stop."""

    def __init__(self, watchdog: Watchdog) -> None:
        super().__init__()
        self._watchdog = watchdog

    def _step(self, name: str) -> None:
        super()._step(name)
        self._watchdog.look()


def watchdog_of(account: SimulatedAccount) -> Watchdog:
    """As its process builds it; nobody is missed, as there are no other processes."""
    account.processes.add(COMPONENT)
    records = account.equity, PostgresRiskEventLog(account.database, ACCOUNT, COMPONENT)
    context = account.context(COMPONENT)
    return Watchdog(context, PostgresHeartbeatStore(account.database), *records, lambda: context.limits)


@contextmanager
def listening(account: SimulatedAccount, events: EventStream) -> Iterator[None]:
    """The feed of the account's orders and fills, connected, in a thread of its own."""
    loop = asyncio.new_event_loop()
    account.processes.add("")
    private = PrivateFeed(account.ledger_of(""), events, account.context("feed").trading, account.postbox, retry_s=0.1)
    at = account.addresses
    stream = BybitAccountStream(at.private_ws_url, at.api_key, at.api_secret)
    link = Link(stream, private, Backoff(shortest_s=0.05, longest_s=0.1), silence_s=_SILENCE_S)
    thread = threading.Thread(target=_run, args=(loop, link, private), daemon=True)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(_connected(link), loop).result(_PATIENCE_S)
        yield
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(_PATIENCE_S)
        assert not thread.is_alive(), "the feed does not end"


@dataclass
class Feed:
    """The feed's process: it may die at any time, and what is begun after it knows what is stored."""

    account: SimulatedAccount
    events: EventStream = field(default_factory=ListStream)
    _process: ExitStack = field(default_factory=ExitStack)
    alive: bool = False

    def begin(self) -> None:
        """Connect, and ask what was missed."""
        self._process.enter_context(listening(self.account, self.events))
        self.alive = True

    def end(self) -> None:
        """Be gone, with all that was heard and is not stored."""
        self._process.close()
        self.alive = False


def _run(loop: asyncio.AbstractEventLoop, link: Link, private: PrivateFeed) -> None:
    work = [loop.create_task(part) for part in (link.run(), private.book(), private.resync())]
    loop.run_forever()
    for task in work:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*work, return_exceptions=True))
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()


async def _connected(link: Link) -> None:
    while not link.up:
        await asyncio.sleep(0.01)
