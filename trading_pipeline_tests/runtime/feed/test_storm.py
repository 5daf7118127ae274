"""Ten thousand frames of every kind, three broken connections: each bar once, nothing lost, every bad frame buried."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, text

from trading_pipeline.adapters.stores.market_data.bar_store import PostgresBarStore
from trading_pipeline.adapters.venues.bybit.streams import BybitMarketStream
from trading_pipeline.domain.model.bars import Bar
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.runtime.feed.backoff import Backoff
from trading_pipeline.runtime.feed.link import Link
from trading_pipeline.runtime.feed.public import PublicFeed
from trading_pipeline_tests.runtime.feed.socket_venue import SocketVenue, socket_venue, until
from trading_pipeline_tests.runtime.feed.test_public import a_push
from trading_pipeline_tests.testkit.builders import START, walk
from trading_pipeline_tests.testkit.fakes_market_data import ListStream, RecordedMarketData

HOUR = timedelta(hours=1)
IDS = tuple(InstrumentId(f"{name}USDT.BYBIT") for name in ("ADA", "BTC", "ETH", "SOL", "XRP"))
HOURS, FRAMES, DISCONNECTS = 300, 10_000, (90, 170, 240)
BARS = {instrument_id: walk(instrument_id, count=HOURS, seed=place) for place, instrument_id in enumerate(IDS)}
BAD = {
    "cut short": lambda bar: a_push(bar)[:-7],
    "a wrong type": lambda bar: a_push(bar).replace('"start": ', '"start": "soon", "begin": '),
    "not a number": lambda bar: a_push(bar).replace(f'"close": "{bar.close}"', '"close": "dear"'),
    "another grid": lambda bar: a_push(bar).replace('"start": ', '"start": 7'),
    "of nobody": lambda bar: a_push(bar).replace("USDT", "EUR"),
    "no object": lambda bar: json.dumps([str(bar.open_time)]),
    "nothing in it": lambda _: "{}",
    "huge": lambda _: "[" * 200_000,
}
"""Frames that nobody can use, by what is wrong with them."""
OF_OTHERS = '{"topic": "weather.BTCUSDT", "data": [{"rain": true}]}'
FORMING = '"confirm": true', '"confirm": false'


@dataclass
class Storm:
    """What was sent, and what became of it.

    :ivar sent: frames by kind.
    """

    stored: list[tuple[str, datetime]]
    prices: dict[tuple[str, datetime], tuple[object, ...]]
    stream: ListStream
    sent: Counter[str]
    sessions: int


def frames_of_hour(hour: int, dice: random.Random, sent: Counter[str]) -> Iterator[str]:
    """Everything that is pushed at one close: each bar once or more or never, out of order, and rubbish."""
    closing = [BARS[instrument_id][hour] for instrument_id in IDS]
    pushed = []
    for bar in closing:
        kind = dice.choices(["once", "often", "never"], [70, 22, 8])[0]
        pushed += [("bar", a_push(bar))] * {"once": 1, "often": dice.randint(2, 4), "never": 0}[kind]
        pushed += [("forming", a_push(bar).replace(*FORMING))] * dice.randint(1, 3)
        if hour and dice.random() < 0.1:
            pushed.append(("late", a_push(BARS[bar.instrument_id][hour - 1])))
    while len(pushed) < FRAMES // HOURS + 1:
        # a huge one now and then: it alone is as much as all others of its hour
        names = list(BAD) if dice.random() < 0.02 else [name for name in BAD if name != "huge"]
        kind = dice.choice([*names, "of others", "of others"])
        pushed.append((kind, OF_OTHERS if kind == "of others" else BAD[kind](dice.choice(closing))))
    dice.shuffle(pushed)
    sent.update(kind for kind, _ in pushed)
    yield from (frame for _, frame in pushed)


async def rage(venue: SocketVenue, market: RecordedMarketData, database: Engine, sent: Counter[str]) -> None:
    """Hour by hour; at a disconnect the bars of a few hours close while nobody listens."""
    dice = random.Random(5)
    for hour in range(1, HOURS):
        market.time = START + (hour + 1) * HOUR
        if hour in DISCONNECTS:
            await venue.drop()
            continue
        for frame in frames_of_hour(hour, dice, sent):
            await venue.push(frame)
        if hour % 5 == 0:  # else all of it would be history before it is heard
            due = (hour - 1) * len(IDS)
            await until(lambda due=due: rows(database) >= due)


def rows(database: Engine) -> int:
    with database.connect() as connection:
        query = "SELECT count(DISTINCT (instrument_id, open_time)) FROM trading.raw_bars"
        return int(connection.execute(text(query)).scalar_one())


@pytest.fixture(scope="module")
def storm(module_database: Engine) -> Storm:
    stream, sent = ListStream(), Counter[str]()
    market = RecordedMarketData([bar for bars in BARS.values() for bar in bars], START + HOUR)

    async def run() -> int:
        async with socket_venue() as venue:
            series = [(instrument_id, Timeframe.H1) for instrument_id in IDS]
            feed = PublicFeed(series, PostgresBarStore(module_database), stream, market)
            await feed.begin()
            link = Link(BybitMarketStream(venue.url, IDS, [Timeframe.H1]), feed, Backoff(0.01, 0.02))
            tasks = [asyncio.create_task(part) for part in (link.run(), feed.store_bars(), feed.fill_in())]
            try:
                await venue.subscribed.wait()
                await rage(venue, market, module_database, sent)
                await until(lambda: rows(module_database) == HOURS * len(IDS))
                await until(lambda: len(stream.dead) >= sum(sent[kind] for kind in BAD))
            finally:
                for task in tasks:
                    task.cancel()
                    with suppress(asyncio.CancelledError):
                        await task
            return venue.sessions

    sessions = asyncio.run(run())
    store, ids = PostgresBarStore(module_database), list(IDS)
    store.consolidate(ids, Timeframe.H1, START, START + HOURS * HOUR)
    query = "SELECT instrument_id, open_time, open, high, low, close, volume FROM trading.bars ORDER BY 1, 2"
    with module_database.connect() as connection:
        found = [tuple(row) for row in connection.execute(text(query))]
    return Storm([row[:2] for row in found], {row[:2]: row[2:] for row in found}, stream, sent, sessions)


def test_every_bar_is_stored_once_and_as_it_was_told(storm: Storm) -> None:
    expected: list[Bar] = [bar for instrument_id in IDS for bar in BARS[instrument_id]]
    assert storm.stored == [(bar.instrument_id, bar.open_time) for bar in expected]
    assert storm.prices == {
        (bar.instrument_id, bar.open_time): (bar.open, bar.high, bar.low, bar.close, bar.volume) for bar in expected
    }


def test_no_close_is_announced_twice(storm: Storm) -> None:
    told = [(event.instrument_id, event.close_time) for event in storm.stream.published]
    # How many are told depends on whether REST or the stream was faster; what REST brought late is history.
    assert told
    assert len(told) == len(set(told))


def test_every_bad_frame_is_buried_with_its_reason(storm: Storm) -> None:
    assert sum(storm.sent.values()) >= FRAMES * 0.97
    assert len(storm.stream.dead) == sum(storm.sent[kind] for kind in BAD)
    assert all(storm.sent[kind] for kind in BAD)
    assert all(reason for _, _, reason in storm.stream.dead)
    assert storm.sessions == 1 + len(DISCONNECTS)
