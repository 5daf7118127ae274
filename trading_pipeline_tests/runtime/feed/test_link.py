"""A socket that stays open: handshake, pings, silence, reconnection, refusal."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from trading_pipeline.adapters.venues.bybit.streams import BybitAccountStream
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.stream_updates import StreamUpdate
from trading_pipeline.runtime.feed.backoff import Backoff
from trading_pipeline.runtime.feed.link import Link
from trading_pipeline_tests.adapters.venues.bybit.test_frames import KLINE, a_frame
from trading_pipeline_tests.runtime.feed.socket_venue import SocketVenue, socket_venue, until


@dataclass
class Ear:
    """Remembers what it hears."""

    name: str = "ear"
    connections: int = 0
    updates: list[StreamUpdate] = field(default_factory=list)
    letters: list[tuple[str, str]] = field(default_factory=list)

    def connected(self) -> None:
        """Count."""
        self.connections += 1

    def heard(self, update: StreamUpdate) -> None:
        """Keep."""
        self.updates.append(update)

    def malformed(self, raw: str, reason: str) -> None:
        """Keep."""
        self.letters.append((raw, reason))


def with_link(
    scenario: Callable[[SocketVenue, Link, Ear], Awaitable[None]], ping_s: float = 20.0, silence_s: float = 45.0
) -> None:
    """Run a link beside the scenario."""

    async def run() -> None:
        async with socket_venue() as venue:
            ear = Ear()
            stream = BybitAccountStream(venue.url, "key", "secret")
            stream.ping_s = ping_s
            link = Link(stream, ear, Backoff(shortest_s=0.01, longest_s=0.05), silence_s=silence_s)
            task = asyncio.create_task(link.run())
            try:
                await scenario(venue, link, ear)
            finally:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    asyncio.run(run())


def test_a_link_is_up_once_the_whole_handshake_is_accepted() -> None:
    async def scenario(venue: SocketVenue, link: Link, ear: Ear) -> None:
        await until(lambda: link.up)
        assert venue.operations == ["auth", "subscribe"]
        assert ear.connections == 1

    with_link(scenario)


def test_a_malformed_frame_leaves_the_link_up() -> None:
    async def scenario(venue: SocketVenue, link: Link, ear: Ear) -> None:
        await venue.subscribed.wait()
        for frame in ("{not json", b"\xff", a_frame("kline.60.BTCUSDT", KLINE)):
            await venue.push(frame)
        await until(lambda: bool(ear.updates))
        assert [raw for raw, _ in ear.letters] == ["{not json", "\ufffd"]
        assert venue.sessions == 1

    with_link(scenario)


def test_a_dropped_link_comes_back_and_says_so() -> None:
    async def scenario(venue: SocketVenue, link: Link, ear: Ear) -> None:
        await venue.subscribed.wait()
        for _ in range(3):
            await venue.drop()
        await until(lambda: ear.connections == 4)
        await venue.push(a_frame("kline.60.BTCUSDT", KLINE))
        await until(lambda: len(ear.updates) == 1)

    with_link(scenario)


def test_a_quiet_market_is_kept_alive_by_pings() -> None:
    async def scenario(venue: SocketVenue, link: Link, ear: Ear) -> None:
        await until(lambda: venue.operations.count("ping") >= 5)
        assert venue.sessions == 1

    with_link(scenario, ping_s=0.05, silence_s=0.5)


def test_a_silent_venue_is_left_for_a_new_connection() -> None:
    async def scenario(venue: SocketVenue, link: Link, ear: Ear) -> None:
        await venue.subscribed.wait()
        venue.answers_pings = False
        await until(lambda: venue.sessions >= 2)

    with_link(scenario, ping_s=0.05, silence_s=0.3)


@pytest.mark.parametrize("operation", ["auth", "subscribe"])
def test_a_refused_handshake_ends_a_link_that_never_was_up(operation: str) -> None:
    async def run() -> None:
        async with socket_venue() as venue:
            venue.refuse = operation
            await Link(BybitAccountStream(venue.url, "key", "secret"), Ear()).run()

    with pytest.raises(ConfigurationError, match=f"refused to {operation}.*key"):
        asyncio.run(run())


def test_a_refusal_after_good_days_is_waited_out() -> None:
    async def scenario(venue: SocketVenue, link: Link, ear: Ear) -> None:
        await venue.subscribed.wait()
        venue.refuse = "auth"
        assert venue.current is not None
        venue.current.transport.abort()
        await until(lambda: venue.sessions >= 3)
        venue.refuse = ""
        await until(lambda: ear.connections == 2)

    with_link(scenario)
