"""Streams side by side: what ends the feed, and what it tells while it runs."""

import asyncio

import pytest

from trading_pipeline.adapters.venues.bybit.streams import BybitAccountStream
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.runtime.feed.feed import Feed, FeedStream
from trading_pipeline.runtime.feed.link import Link
from trading_pipeline_tests.runtime.feed.test_link import Ear


async def at_once() -> None:
    """Nothing has to be read first."""


class Steady(Link):
    """Stays as it is."""

    async def run(self) -> None:
        """Connect nothing."""
        await asyncio.Event().wait()


def link(name: str, *, up: bool = True) -> Link:
    made = Steady(BybitAccountStream("ws://127.0.0.1:1", "key", "secret"), Ear(name))
    made.up = up
    return made


def test_work_that_fails_ends_the_feed_and_all_other_work() -> None:
    ended: list[str] = []

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("endless")

    async def refused() -> None:
        raise ConfigurationError("the key is wrong")

    streams = (FeedStream((link("one"),), at_once, (endless,)), FeedStream((link("two"),), at_once, (refused,)))
    with pytest.raises(ConfigurationError, match="the key is wrong"):
        asyncio.run(Feed(streams, lambda _: None).run())
    assert ended == ["endless"]


def test_the_heartbeat_names_each_streams_state() -> None:
    told: list[str] = []

    async def until_told() -> None:
        while not told:
            await asyncio.sleep(0)

    streams = (FeedStream((link("one", up=False),), at_once, (until_told,)), FeedStream((link("two"),), at_once, ()))
    asyncio.run(Feed(streams, told.append).run())
    assert told == ["one down, two up"]


def test_a_stream_of_several_connections_is_up_when_all_of_them_are() -> None:
    told: list[str] = []

    async def until_told() -> None:
        while not told:
            await asyncio.sleep(0)

    streams = (FeedStream((link("one"), link("one", up=False)), at_once, (until_told,)),)
    asyncio.run(Feed(streams, told.append).run())
    assert told == ["one down"]
