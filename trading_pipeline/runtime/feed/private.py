"""Orders and fills from the private stream into the ledger."""

import asyncio
import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from trading_pipeline.domain.model.errors import AccountTradedElsewhere, ConfigurationError, TradingError, VenueError
from trading_pipeline.domain.model.events import FillBooked
from trading_pipeline.domain.model.fills import Fill, FillKind
from trading_pipeline.domain.model.orders import OrderReport
from trading_pipeline.domain.model.stream_updates import StreamUpdate
from trading_pipeline.ports.notifications import Notifier
from trading_pipeline.ports.stores.execution.ledger import OrderLedger
from trading_pipeline.ports.streams import EventStream
from trading_pipeline.ports.venue.trading import Trading
from trading_pipeline.runtime.feed.persistence import retry_until_reachable
from trading_pipeline.runtime.feed.public import Malformed
from trading_pipeline.runtime.feed.resync import missed_fills, missed_reports
from trading_pipeline.services.execution.announce_fill import announce_fill

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PrivateFeed:
    """Hears the account; ``book`` and ``resync`` run beside the link for as long as the feed does.

    :param notifier: told of fills that nobody here ordered.
    :param retry_s: pause after the venue did not tell what the account did.
    """

    ledger: OrderLedger
    stream: EventStream
    trading: Trading
    notifier: Notifier
    name: str = "feed.private"
    retry_s: float = 5.0
    _heard: asyncio.Queue[OrderReport | Fill | Malformed] = field(default_factory=asyncio.Queue)
    _look_now: asyncio.Event = field(default_factory=asyncio.Event)

    def connected(self) -> None:
        """Ask REST what happened while nobody listened."""
        self._look_now.set()

    def heard(self, update: StreamUpdate) -> None:
        """Queue in the order of arrival: a fill belongs after the report that came before it."""
        facts: list[OrderReport | Fill] = [*update.reports, *update.fills]
        for fact in facts:
            self._heard.put_nowait(fact)

    def malformed(self, raw: str, reason: str) -> None:
        """Queue a frame for the dead letters."""
        self._heard.put_nowait(Malformed(raw, reason))

    async def begin(self) -> None:
        """Nothing has to be known before the account is heard."""

    async def book(self) -> None:
        """Write what was heard, one after the other."""
        while True:
            item = await self._heard.get()
            if isinstance(item, Malformed):
                await self._dead_letter(item)
                # what the frame may have told has to come some other way
                self._look_now.set()
            else:
                await self._book(item)
            # Last, as ``_read`` waits until everything that it queued is booked.
            self._heard.task_done()

    async def _book(self, item: OrderReport | Fill) -> None:
        try:
            await retry_until_reachable(functools.partial(self._apply, item), f"booking {type(item).__name__}")
        # One message that cannot be booked must not hold those behind it for ever.
        except _Unbookable as error:
            await self._dead_letter(Malformed(repr(item), str(error)))

    async def resync(self) -> None:
        """After connecting and after a malformed frame, read the account over REST until that succeeds."""
        while True:
            await self._look_now.wait()
            self._look_now.clear()
            try:
                # Reports first: only they tell of the first fill of an empty ledger.
                await self._read(missed_reports)
                await self._read(missed_fills)
            except (VenueError, ConfigurationError, OperationalError, InterfaceError) as error:
                _log.warning("account cannot be read", cause=str(error).splitlines()[0])
                await asyncio.sleep(self.retry_s)
                self._look_now.set()

    async def _read(self, question: Callable[[Trading, OrderLedger], Sequence[OrderReport | Fill]]) -> None:
        facts = await asyncio.to_thread(question, self.trading, self.ledger)
        for fact in facts:
            self._heard.put_nowait(fact)
        # Until the reports are booked: what fills are missing follows from them.
        await self._heard.join()
        _log.info("account read", question=question.__name__, facts=len(facts))

    def _apply(self, item: OrderReport | Fill) -> None:
        try:
            if isinstance(item, Fill):
                booking = self.ledger.apply_fill(item)
                announce_fill(notifier=self.notifier, fill=item, booking=booking)
            else:
                self.ledger.apply_report(item)
        # The server is away: the caller waits for it; or another system hears the account now, and this feed ends.
        # Every other refusal would be the same the next time.
        except (OperationalError, InterfaceError, AccountTradedElsewhere):
            raise
        except (TradingError, DBAPIError) as error:
            raise _Unbookable(str(error).splitlines()[0]) from error
        # funding changes no stop, so nobody waits for it
        if isinstance(item, Fill) and item.kind is not FillKind.FUNDING:
            self.stream.publish([FillBooked(item.instrument_id, item.execution_id, item.executed_at)])

    async def _dead_letter(self, letter: Malformed) -> None:
        work = functools.partial(self.stream.dead_letter, self.name, letter.raw, letter.reason)
        await retry_until_reachable(work, "dead-lettering a message")
        _log.error("message not booked", stream=self.name, reason=letter.reason)


class _Unbookable(TradingError):
    """The ledger refuses this message for good."""
