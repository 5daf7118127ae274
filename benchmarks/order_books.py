"""What local order books cost: frames of fifty symbols at the venue's push rate, parsed and applied.

    python benchmarks/order_books.py [--symbols 50] [--seconds 10] [--levels 20] [--depth 50]

Prints the share of one core, by processor time, that the feed needs to keep up: frames as the venue sends them, read by
the venue's adapter, taken up by the feed, a whole book of each symbol once a second. No network and no database.
"""

import argparse
import asyncio
import json
import random
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta

from trading_pipeline.adapters.venues.bybit.streams import BybitConditionsStream
from trading_pipeline.domain.model.identity import InstrumentId, VenueName
from trading_pipeline.domain.model.local_books import BookChange, BookSnapshot
from trading_pipeline.domain.model.market_feeds import BookFeed, MarketFeeds, TickerFeed
from trading_pipeline.domain.model.stream_updates import StreamUpdate
from trading_pipeline.runtime.feed.book_keeper import BookKeeper

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


def main() -> None:
    """Make the frames first, so that their making does not count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("symbols", 50), ("seconds", 10), ("levels", 20), ("depth", 50)):
        parser.add_argument(f"--{name}", type=int, default=default)
    asked = parser.parse_args()
    symbols = [f"COIN{number}USDT" for number in range(asked.symbols)]
    made = [frames(one, asked.seconds, asked.levels, asked.depth, seed) for seed, one in enumerate(symbols)]
    raw = [frame for together in zip(*made, strict=True) for frame in together]
    ids = [InstrumentId.of(symbol, VenueName("BYBIT")) for symbol in symbols]
    feeds = MarketFeeds(TickerFeed(timedelta()), book_snapshots=BookFeed(asked.depth))
    spent, kept = asyncio.run(processed(raw, BybitConditionsStream("ws://nowhere", ids, feeds), asked.depth))
    print(
        f"{asked.symbols} symbols, {asked.depth} levels a side, a push every {PUSH_MS} ms with {asked.levels} levels: "
        f"{len(raw):,} frames in {spent:.2f} s of processor time, {spent / len(raw) * 1e6:.0f} us a frame, "
        f"{len(kept)} whole books; {spent / asked.seconds:.0%} of one core"
    )


if __name__ == "__main__":
    main()
