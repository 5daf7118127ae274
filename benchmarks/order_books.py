"""What local order books cost: frames of fifty symbols at the venue's push rate, received, parsed and applied.

    python benchmarks/order_books.py [--symbols 50] [--seconds 10] [--levels 20] [--depth 50] [--no-socket]

Prints the share of one core, by processor time, that the feed needs to keep up, for each depth twice: frames out of a
list, read by the venue's adapter and taken up by the feed, a whole book of each symbol once a second; and the same over
a loopback WebSocket from another process, which sends at the venue's pace, through the feed's own link. No database.
"""

import argparse
import asyncio
import json
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from multiprocessing import Process, Queue

from websockets.asyncio.server import ServerConnection, serve

from trading_pipeline.adapters.venues.bybit.streams import BybitConditionsStream
from trading_pipeline.domain.model.events import Event
from trading_pipeline.domain.model.identity import InstrumentId, VenueName
from trading_pipeline.domain.model.local_books import BookChange, BookSnapshot
from trading_pipeline.domain.model.market_feeds import BookFeed, MarketFeeds, TickerFeed
from trading_pipeline.domain.model.public_trades import PublicTrade
from trading_pipeline.domain.model.stream_updates import StreamUpdate
from trading_pipeline.domain.model.tickers import Ticker
from trading_pipeline.ports.stores.market_data.tape_store import TapeStore
from trading_pipeline.ports.stores.market_data.ticker_store import TickerStore
from trading_pipeline.ports.streams import EventStream
from trading_pipeline.runtime.feed.book_keeper import BookKeeper
from trading_pipeline.runtime.feed.conditions import ConditionsFeed
from trading_pipeline.runtime.feed.link import Link

PUSH_MS = 20
"""Between two pushes of a book of fifty levels; of one level they come every 10 ms."""
START_MS = 1_748_779_200_000
MIDDLE = 100_000


def frames(symbol: str, seconds: int, levels: int, depth: int, seed: int) -> Iterator[str]:
    """A snapshot, then changes of ``levels`` levels each, a third of them taken away and told anew."""
    draw = random.Random(seed)
    sides = {"b": [MIDDLE - 1 - place for place in range(depth)], "a": [MIDDLE + 1 + place for place in range(depth)]}
    whole = {side: [[f"{price / 10:.1f}", _size(draw)] for price in prices] for side, prices in sides.items()}
    yield _frame(symbol, "snapshot", depth, 1, whole)
    for number in range(2, seconds * 1000 // PUSH_MS + 1):
        changed = {
            # the best level stays, so that no side is ever empty
            side: [
                [f"{price / 10:.1f}", "0" if draw.random() < 1 / 3 else _size(draw)]
                for price in draw.sample(prices[1:], min(levels // 2, depth - 1))
            ]
            for side, prices in sides.items()
        }
        yield _frame(symbol, "delta", depth, number, whole if depth == 1 else changed)


def _size(draw: random.Random) -> str:
    return f"{draw.uniform(0.001, 50):.3f}"


def _frame(symbol: str, kind: str, depth: int, number: int, sides: dict[str, list[list[str]]]) -> str:
    at = START_MS + number * PUSH_MS
    data = {"s": symbol, **sides, "u": number, "seq": 7_961_638_724 + number}
    frame = {"topic": f"orderbook.{depth}.{symbol}", "type": kind, "ts": at, "data": data, "cts": at - 3}
    return json.dumps(frame, separators=(",", ":"))


async def processed(raw: Sequence[str], stream: BybitConditionsStream, depth: int) -> tuple[float, list[BookSnapshot]]:
    """Seconds of processor time for all frames, and the whole books that came of them."""

    def lost(change: BookChange) -> None:
        raise AssertionError(f"{change.instrument_id} has a gap at update {change.update_id}")

    keeper, kept = BookKeeper(BookFeed(depth, timedelta(seconds=1)), lost), list[BookSnapshot]()
    began = time.process_time()
    for one in raw:
        update = stream.read(one)
        assert isinstance(update, StreamUpdate)
        for change in update.books:
            if snapshot := keeper.take(change):
                kept.append(snapshot)
    return time.process_time() - began, kept


class NoTickers(TickerStore):
    """None are collected."""

    def append(self, tickers: Sequence[Ticker]) -> None:
        """There are none."""

    def newest(self, instrument_ids: Sequence[InstrumentId]) -> Mapping[InstrumentId, Ticker]:  # noqa: ARG002
        """None."""
        return {}


class NoStream(EventStream):
    """Where a frame that cannot be read would go."""

    def publish(self, events: Sequence[Event]) -> None:
        """There are none."""

    def wait(self, kind: type[Event], after: str, timeout_s: float) -> str:  # noqa: ARG002
        """Nobody waits."""
        return after

    def dead_letter(self, source: str, payload: str, reason: str) -> None:
        """End the measurement: every frame is sound."""
        raise AssertionError(f"{source}: {reason}: {payload[:200]}")


class Tape(TapeStore):
    """Counts the books that would be stored."""

    def __init__(self) -> None:
        self.books = 0

    def append_books(self, snapshots: Sequence[BookSnapshot]) -> None:
        """Count them."""
        self.books += len(snapshots)

    def append_trades(self, trades: Sequence[PublicTrade]) -> None:
        """There are none."""


class Counted(ConditionsFeed):
    """The feed as it runs, with the processor time it has taken at its first frame and at the last."""

    frames, first_s, last_s = 0, 0.0, 0.0

    def heard(self, update: StreamUpdate) -> None:
        """Take up a frame."""
        super().heard(update)
        self.frames += 1
        self.last_s = time.process_time()
        self.first_s = self.first_s or self.last_s


async def _send(port: "Queue[int]", pushes: Sequence[Sequence[str]]) -> None:
    """Answer subscriptions, then push one frame of each symbol every 20 ms; end the connection after the last."""
    done = asyncio.Event()

    async def talk(socket: ServerConnection) -> None:
        asked = 0
        while asked < len(pushes[0]):
            asked += len(json.loads(await socket.recv())["args"])
            await socket.send('{"success":true,"ret_msg":"","op":"subscribe"}')
        loop = asyncio.get_running_loop()
        began = loop.time()
        for number, frames in enumerate(pushes):
            await asyncio.sleep(max(0.0, began + number * PUSH_MS / 1000 - loop.time()))
            for frame in frames:
                await socket.send(frame)
        await asyncio.sleep(1)
        done.set()

    # as the venue, which compresses nothing
    async with serve(talk, "127.0.0.1", 0, compression=None) as server:
        port.put(next(iter(server.sockets)).getsockname()[1])
        await done.wait()


def _serve(port: "Queue[int]", asked: argparse.Namespace, depth: int) -> None:
    asyncio.run(_send(port, pushes_of(asked, depth)))


async def received(asked: argparse.Namespace, depth: int) -> tuple[float, int, int]:
    """Processor time between first and last frame, frames, and whole books; everything in this process."""
    port: Queue[int] = Queue()
    sender = Process(target=_serve, args=(port, asked, depth), daemon=True)
    sender.start()
    ids, feeds = _instruments(asked.symbols), _feeds(depth)
    tape = Tape()
    url = f"ws://127.0.0.1:{await asyncio.to_thread(port.get)}"
    feed = Counted(feeds, NoTickers(), tape, NoStream(), lambda _: None)
    link = Link(BybitConditionsStream(url, ids, feeds), feed)
    tasks = [asyncio.create_task(link.run()), asyncio.create_task(feed.store())]
    expected = asked.symbols * (asked.seconds * 1000 // PUSH_MS)
    while feed.frames < expected and sender.is_alive():
        await asyncio.sleep(0.1)
    await asyncio.sleep(0.5)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    sender.terminate()
    assert feed.frames == expected, f"{feed.frames} of {expected} frames came"
    return feed.last_s - feed.first_s, feed.frames, tape.books


def _instruments(count: int) -> list[InstrumentId]:
    return [InstrumentId.of(f"COIN{number}USDT", VenueName("BYBIT")) for number in range(count)]


def _feeds(depth: int) -> MarketFeeds:
    return MarketFeeds(TickerFeed(timedelta()), book_snapshots=BookFeed(depth))


def pushes_of(asked: argparse.Namespace, depth: int) -> list[tuple[str, ...]]:
    """One frame of each symbol for every push."""
    symbols = [one.symbol for one in _instruments(asked.symbols)]
    made = [frames(one, asked.seconds, asked.levels, depth, seed) for seed, one in enumerate(symbols)]
    return list(zip(*made, strict=True))


def told(asked: argparse.Namespace, depth: int, way: str, spent: float, count: int, books: int) -> None:
    """A line."""
    print(
        f"{asked.symbols} symbols, {depth} levels a side, a push every {PUSH_MS} ms, {way}: {count:,} frames in "
        f"{spent:.2f} s of processor time, {spent / count * 1e6:.0f} us a frame, {books} whole books; "
        f"{spent / asked.seconds:.0%} of one core"
    )


def main() -> None:
    """Make the frames first, so that their making does not count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("symbols", 50), ("seconds", 10), ("levels", 20)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--depth", type=int, nargs="*", default=[1, 50])
    parser.add_argument("--no-socket", action="store_true", help="read out of a list alone")
    asked = parser.parse_args()
    for depth in asked.depth:
        raw = [frame for together in pushes_of(asked, depth) for frame in together]
        stream = BybitConditionsStream("ws://nowhere", _instruments(asked.symbols), _feeds(depth))
        spent, kept = asyncio.run(processed(raw, stream, depth))
        told(asked, depth, "out of a list", spent, len(raw), len(kept))
        if not asked.no_socket:
            told(asked, depth, "over a socket", *asyncio.run(received(asked, depth)))


if __name__ == "__main__":
    main()
