"""Everything one running exchange consists of, handed to every route."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from functools import partial

from trading_pipeline.domain.model.timeframes import from_ms, to_ms
from trading_pipeline.exchange_simulator.account_faults import suffer_partly
from trading_pipeline.exchange_simulator.authentication import Credentials
from trading_pipeline.exchange_simulator.clock import Clock, LockStepClock
from trading_pipeline.exchange_simulator.exchange import Exchange
from trading_pipeline.exchange_simulator.faults import Faults
from trading_pipeline.exchange_simulator.hub import Hub
from trading_pipeline.exchange_simulator.live_venue import LiveVenue
from trading_pipeline.exchange_simulator.market_feed import MarketFeed
from trading_pipeline.exchange_simulator.orders import Order
from trading_pipeline.exchange_simulator.rate_limits import AddressLimits
from trading_pipeline.exchange_simulator.rejections import Rejection, bad_parameter
from trading_pipeline.exchange_simulator.seat import Seat
from trading_pipeline.exchange_simulator.state_file import StateFile
from trading_pipeline.exchange_simulator.walking import account_events, advance

ACKNOWLEDGE_FIRST_S = 0.005
"""Private pushes leave this much after the answer to the request that caused them."""


_NEVER_MS = to_ms(datetime(9000, 1, 1, tzinfo=UTC))
"""When a venue's prices end."""


class Stand(StrEnum):
    """Where a step of the lock-step clock ended."""

    CLOSE = "close"
    EVENT = "event"


class Venue:
    """The exchange with its clock, the seats of its accounts and the streams."""

    def __init__(
        self,
        exchange: Exchange,
        clock: Clock,
        credentials: Credentials,
        state: StateFile | None = None,
        faults: Faults | None = None,
        others: Sequence[Credentials] = (),
        live: LiveVenue | None = None,
    ) -> None:
        """
        :param exchange: of the first account.
        :param others: keys of the accounts beside it, in their order.
        :param live: the venue whose prices are taken; without one the markets have their own.
        :param state: where the exchange is kept; ``None`` forgets it at the end.
        :param faults: that are armed; none by default.
        """
        self._state = state
        self._kept = -1
        self.exchange = exchange
        self.clock = clock
        self.address_limits = AddressLimits()
        """Those of accounts are their seats'."""
        self.faults = Faults() if faults is None else faults
        self.skew_ms = 0
        """By how much the time that is told is ahead of the exchange's own, or behind it."""
        self.public = Hub()
        self.private = Hub()
        self.trade = Hub()
        self.feed = MarketFeed(exchange, self.public)
        keys = (credentials, *others)
        self.seats = {
            key.api_key: Seat(account, key, self.faults, self.catch_up, self.flush_private)
            for account, key in zip(exchange.accounts, keys, strict=True)
        }
        """By API key, the first account's first."""
        for seat in self.seats.values():
            seat.exchange.liquidity = partial(self._liquidity, seat)
        self._events: Iterator[int] | None = None
        self.live = live
        ends = [market.walk.series.end_ms for market in exchange.markets.values()]
        self.end_ms = _NEVER_MS if live else min(ends)
        """Where (UTC ms) the bars of the first symbol to run out end."""

    @property
    def credentials(self) -> Credentials:
        """The first account's keys."""
        return next(iter(self.seats.values())).credentials

    def seat(self, api_key: str) -> Seat:
        """The account of a key; of an unknown key the first one, whose signature it cannot have."""
        return self.seats.get(api_key) or next(iter(self.seats.values()))

    def seat_of(self, account_id: str) -> Seat:
        """The account of an id, of none the first one.

        :raises Rejection: 10001, there is no such account.
        """
        for seat in self.seats.values():
            if account_id in ("", seat.credentials.account_id):
                return seat
        raise bad_parameter(f"params error: account {account_id} unknown")

    def tell_soon(self) -> None:
        """Tell the private streams a little later: the venue acknowledges before it tells what became of a request.

        What is on its way to the market is told when it has arrived.
        """
        loop, accounts = asyncio.get_running_loop(), self.exchange.accounts
        if any(account.pushes for account in accounts):
            loop.call_later(ACKNOWLEDGE_FIRST_S, self.flush_private)
        arrives_ms = max(account.arrives_ms for account in accounts)
        if arrives_ms > self.exchange.now_ms and not isinstance(self.clock, LockStepClock):
            wait_s = self.clock.seconds_until(arrives_ms + 1)
            loop.call_later(max(ACKNOWLEDGE_FIRST_S, wait_s), self._tell_arrival)

    def _tell_arrival(self) -> None:
        self.catch_up()
        self.flush_private()

    def clock_ms(self) -> int:
        """Virtual time in UTC milliseconds, at most the end of the bars; nothing is moved by asking."""
        if isinstance(self.clock, LockStepClock):
            return self.exchange.now_ms
        return max(self.exchange.now_ms, min(self.clock.now_ms(), self.end_ms))

    def told_ms(self) -> int:
        """The time that clients are told, UTC milliseconds."""
        return self.clock_ms() + self.skew_ms

    def now_ms(self) -> int:
        """Virtual time in UTC milliseconds; the state of the exchange is brought up to it."""
        self.catch_up()
        return self.exchange.now_ms

    def catch_up(self) -> None:
        """In free mode, walk to the clock's instant; what that means for the streams is told by the next tick."""
        target = self.clock_ms()
        if target > self.exchange.now_ms:
            advance(self.exchange, target)

    def step(self) -> Stand:
        """In lock-step mode, walk on to the next account event or close; at a close, announce what closed.

        An account event is a fill of any order or a liquidation; the next step goes on from there.

        :raises Rejection: 10001 with HTTP 409: free mode, the end of the bars, or wall time is reached.
        """
        if not isinstance(self.clock, LockStepClock):
            raise Rejection(10001, "the clock runs free; start the exchange with --lock-step to step it", 409)
        if self._events is None:
            # Kept between steps: the walk is a generator and stands where the last event left it.
            self._events = account_events(self.exchange, self._next_close_ms(self.clock))
        event_ms = next(self._events, None)
        # Fills first: who hears of a close may rely on having been told what happened before it.
        self.flush_private()
        if event_ms is not None:
            return Stand.EVENT
        self._events = None
        self.clock.step()
        self.feed.announce()
        self.keep()
        return Stand.CLOSE

    def _next_close_ms(self, clock: LockStepClock) -> int:
        """Where the clock may go.

        :raises Rejection: 10001 with HTTP 409, see ``step``.
        """
        target = clock.next_close_ms()
        if target > self.end_ms:
            raise Rejection(10001, f"the bars end at {from_ms(self.end_ms).isoformat()}", 409)
        if target > to_ms(clock.wall()):
            raise Rejection(10001, "virtual time would pass wall time", 409)
        return target

    def keep(self) -> None:
        """Write where everything stands."""
        if self._state is not None:
            stepped = isinstance(self.clock, LockStepClock)
            self._state.save(self.exchange, self.clock.now_ms() if stepped else self.exchange.now_ms)
            self._kept = self._changes

    def keep_changes(self) -> None:
        """Write what has happened to the accounts, if anything has."""
        if self._changes != self._kept:
            self.keep()

    @property
    def _changes(self) -> int:
        """Changes of all accounts so far."""
        return sum(account.changes for account in self.exchange.accounts)

    def end(self) -> None:
        """Write for the last time."""
        self.keep()
        if self._state is not None:
            self._state.close()

    def flush_private(self) -> None:
        """Send what the exchange has to tell its accounts, and is written."""
        self.keep_changes()
        for seat in self.seats.values():
            seat.flush()

    def _liquidity(self, seat: Seat, order: Order) -> Decimal:
        """How much of an order fills: all that is left, unless a fault says otherwise."""
        fault = self.faults.spend_on_fill(order.terms.symbol, seat.credentials.account_id)
        return order.leaves if fault is None else suffer_partly(seat.exchange, order, fault)
