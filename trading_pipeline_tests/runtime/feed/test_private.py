"""Account news from a socket into a real ledger, and over REST what the socket did not bring."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine, text

from trading_pipeline.adapters.stores.execution.ledger import PostgresLedger
from trading_pipeline.adapters.venues.bybit.streams import BybitAccountStream
from trading_pipeline.domain.model.errors import (
    AccountTradedElsewhere,
    DataError,
    TemporaryVenueError,
    TradingForbiddenByVenue,
    VenueError,
)
from trading_pipeline.domain.model.fills import Booking, Fill, FillKind
from trading_pipeline.domain.model.orders import Side
from trading_pipeline.domain.model.stream_updates import StreamUpdate
from trading_pipeline.ports.notifications import Severity
from trading_pipeline.runtime.feed.backoff import Backoff
from trading_pipeline.runtime.feed.link import Link
from trading_pipeline.runtime.feed.private import PrivateFeed
from trading_pipeline_tests.adapters.venues.bybit.test_frames import a_frame
from trading_pipeline_tests.adapters.venues.bybit.test_parse import EXECUTION, ORDER
from trading_pipeline_tests.runtime.feed.socket_venue import SocketVenue, socket_venue, until
from trading_pipeline_tests.testkit.builders import ACCOUNT, START
from trading_pipeline_tests.testkit.execution_lab import WAVE, Lab, Postbox, store_plan, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans
from trading_pipeline_tests.testkit.fake_clock import FakeClock
from trading_pipeline_tests.testkit.fake_venue import FakeVenue
from trading_pipeline_tests.testkit.fakes_market_data import ListStream

Scenario = Callable[[SocketVenue, FakeVenue], Awaitable[None]]


class Choosy(PostgresLedger):
    """Refuses one execution for good."""

    def apply_fill(self, fill: Fill) -> Booking:
        """Refuse ``bad``."""
        if fill.execution_id == "bad":
            raise DataError("execution bad contradicts its order")
        return super().apply_fill(fill)


class Fenced(PostgresLedger):
    """That of a system whose account another one trades now."""

    def apply_fill(self, fill: Fill) -> Booking:
        """Refuse whatever it is."""
        raise AccountTradedElsewhere("held by instance second")


class Killed(Exception):
    """The process is gone, in the middle of what it did."""


class Dying(PostgresLedger):
    """That of a feed which is killed when it hears of the execution x3, before that is booked."""

    def apply_fill(self, fill: Fill) -> Booking:
        """Die of it."""
        if fill.execution_id == "x3":
            raise Killed
        return super().apply_fill(fill)


def booked(database: Engine) -> list[str]:
    with database.connect() as connection:
        return list(connection.execute(text("SELECT execution_id FROM trading.fills ORDER BY 1")).scalars())


def with_feed(database: Engine, scenario: Scenario, *faults: VenueError, postbox: Postbox | None = None) -> ListStream:
    """Run a private feed beside the scenario; return its stream."""
    stream, postbox = ListStream(), postbox or Postbox()
    account = FakeVenue(FakeClock(START), {"BTCUSDT.BYBIT": Decimal(100_000)})
    account.faults["open_orders"] += faults

    async def run() -> None:
        async with socket_venue() as venue:
            feed = PrivateFeed(Choosy(database, ACCOUNT), stream, account, postbox, retry_s=0.05)
            link = Link(BybitAccountStream(venue.url, "key", "secret"), feed, Backoff(shortest_s=0.01, longest_s=0.02))
            tasks = [asyncio.create_task(part) for part in (link.run(), feed.book(), feed.resync())]
            try:
                await venue.subscribed.wait()
                await scenario(venue, account)
            finally:
                for task in tasks:
                    task.cancel()
                    with suppress(asyncio.CancelledError):
                        await task

    asyncio.run(run())
    return stream


def test_a_pushed_fill_is_booked_once(database: Engine) -> None:
    async def scenario(venue: SocketVenue, account: FakeVenue) -> None:
        for name in ("a", "a", "b"):
            await venue.push(a_frame("execution", {**EXECUTION, "execId": name}))
        await until(lambda: booked(database) == ["a", "b"])
        assert venue.operations == ["auth", "subscribe"]

    assert with_feed(database, scenario).dead == []


def test_a_booked_fill_is_announced_and_funding_is_not(database: Engine) -> None:
    async def scenario(venue: SocketVenue, account: FakeVenue) -> None:
        await venue.push(a_frame("execution", {**EXECUTION, "execId": "a", "execType": "Funding"}))
        await venue.push(a_frame("execution", {**EXECUTION, "execId": "b", "execType": "Trade"}))
        await venue.push(a_frame("execution", {**EXECUTION, "execId": "c", "execType": "Trade"}))
        await until(lambda: booked(database) == ["a", "b", "c"])

    announced = [event.execution_id for event in with_feed(database, scenario).published]  # type: ignore[union-attr]
    assert announced[:1] == ["b"]
    assert "a" not in announced


def test_the_venues_own_executions_are_told_once(database: Engine) -> None:
    postbox = Postbox()
    deleveraged = {**EXECUTION, "execType": "AdlTrade", "orderLinkId": "", "createType": "CreateByAdl_PassThrough"}

    async def scenario(venue: SocketVenue, account: FakeVenue) -> None:
        for name in ("a", "a", "b"):
            await venue.push(a_frame("execution", {**deleveraged, "execId": name}))
        await until(lambda: booked(database) == ["a", "b"])

    with_feed(database, scenario, postbox=postbox)
    assert postbox.subjects(Severity.CRITICAL) == ["external fill: BTCUSDT.BYBIT"] * 2
    assert ["execution a" in body for _, _, body in postbox.messages] == [True, False]


def test_a_refused_fill_holds_no_other_back(database: Engine) -> None:
    async def scenario(venue: SocketVenue, account: FakeVenue) -> None:
        for name in ("bad", "good"):
            await venue.push(a_frame("execution", {**EXECUTION, "execId": name}))
        await until(lambda: booked(database) == ["good"])

    ((source, payload, reason),) = with_feed(database, scenario).dead
    assert (source, reason) == ("feed.private", "execution bad contradicts its order")
    assert "'bad'" in payload


def test_a_malformed_frame_is_buried_and_the_account_read_again(database: Engine) -> None:
    async def scenario(venue: SocketVenue, account: FakeVenue) -> None:
        await venue.push(
            a_frame("execution", {**EXECUTION, "execId": "first", "execTime": str(int(START.timestamp() * 1000))})
        )
        await until(lambda: booked(database) == ["first"])
        account.clock.advance(timedelta(minutes=1))
        account.trade("BTCUSDT.BYBIT", Side.SELL, Decimal(1), Decimal(99_000), FillKind.STOP_LOSS)
        await venue.push('{"topic": "execution", "data": [{"execId": "x1"}]}')
        await until(lambda: booked(database) == ["first", "x1"])

    stream = with_feed(database, scenario)
    assert [source for source, _, _ in stream.dead] == ["feed.private"]


@pytest.mark.parametrize("fault", [TemporaryVenueError("silent"), TradingForbiddenByVenue("address blocked")])
def test_reading_the_account_is_tried_until_the_venue_answers(database: Engine, fault: VenueError) -> None:
    async def scenario(venue: SocketVenue, account: FakeVenue) -> None:
        await until(lambda: not account.faults["open_orders"])
        await venue.push(a_frame("execution", {**EXECUTION, "execId": "after"}))
        await until(lambda: booked(database) == ["after"])

    with_feed(database, scenario, fault, fault, fault)


def test_reports_about_orders_that_are_not_ours_change_nothing(database: Engine) -> None:
    async def scenario(venue: SocketVenue, account: FakeVenue) -> None:
        await venue.push(a_frame("order", {**ORDER, "orderLinkId": "by-hand"}, {**ORDER, "orderLinkId": ""}))
        await venue.push(json.dumps({"topic": "wallet", "data": [{}]}))
        await venue.push(a_frame("execution", {**EXECUTION, "execId": "last"}))
        await until(lambda: booked(database) == ["last"])

    assert with_feed(database, scenario).dead == []


def test_another_systems_ledger_ends_the_feed(database: Engine) -> None:
    stream = ListStream()
    account = FakeVenue(FakeClock(START), {"BTCUSDT.BYBIT": Decimal(100_000)})
    feed = PrivateFeed(Fenced(database, ACCOUNT), stream, account, Postbox())
    account.on_fill = lambda fill: feed.heard(StreamUpdate(fills=(fill,)))
    account.trade("BTCUSDT.BYBIT", Side.BUY, Decimal(1), Decimal(100_000), FillKind.TRADE)
    with pytest.raises(AccountTradedElsewhere):
        asyncio.run(asyncio.wait_for(feed.book(), 30))
    assert stream.dead == []


def test_a_killed_feed_books_each_execution_once(database: Engine) -> None:
    lab, plan, stream = Lab(database), trade_plan(), ListStream()
    # long before, and somebody else's: who began anew would book it
    lab.clock.set(WAVE - timedelta(hours=3))
    lab.venue.trade("SOLUSDT.BYBIT", Side.BUY, Decimal(1), Decimal(100), FillKind.TRADE)
    lab.clock.set(WAVE)
    lab.venue.holds_fills = True
    store_plan(database, plan)
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)

    def fill(quantity: int, price: int) -> None:
        lab.venue.fill(f"{plan.plan_id}_E", Decimal(quantity), Decimal(price))

    killed = PrivateFeed(Dying(database, ACCOUNT), stream, lab.venue, lab.postbox)
    lab.venue.on_fill = lambda one: killed.heard(StreamUpdate(fills=(one,)))
    fill(2, 1000)
    fill(1, 1001)
    with pytest.raises(Killed):
        asyncio.run(asyncio.wait_for(killed.book(), 30))
    assert booked(database) == ["x2"]
    lab.venue.on_fill = lambda one: None
    fill(2, 1002)

    async def restarted() -> None:
        feed = PrivateFeed(lab.ledger, stream, lab.venue, lab.postbox, retry_s=0.05)
        tasks = [asyncio.create_task(part) for part in (feed.book(), feed.resync())]
        feed.connected()
        await until(lambda: booked(database) == ["x2", "x3", "x4"])
        # the socket brings late what REST has told
        feed.heard(StreamUpdate(fills=tuple(lab.venue.fills(WAVE))))
        await feed._heard.join()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(restarted())
    position = lab.ledger.position_of(plan.plan_id)
    assert booked(database) == ["x2", "x3", "x4"]
    assert position is not None
    assert (position.quantity, position.entry_price, position.booked_fills) == (Decimal(5), Decimal(1001), 3)
