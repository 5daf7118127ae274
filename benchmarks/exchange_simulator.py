"""What the simulated exchange costs: one question, a virtual day, a start, by audience and number of symbols.

Processor time and not wall time, so that the lines mean the same on a busy machine. The application is called as a
server calls it (ASGI), with subscribers that read everything; sockets and other people's clients are left out.

    python benchmarks/exchange_simulator.py
    python benchmarks/exchange_simulator.py --symbols 100 --start-symbols 200
"""

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import time
from collections.abc import MutableMapping
from datetime import UTC, datetime
from decimal import Decimal

from rich.console import Console
from rich.table import Table

from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.exchange_simulator.application import Application
from trading_pipeline.exchange_simulator.assembly import build
from trading_pipeline.exchange_simulator.configuration import Configuration
from trading_pipeline.exchange_simulator.order_entry import create
from trading_pipeline.exchange_simulator.server import keep_time
from trading_pipeline.exchange_simulator.venue import Stand, Venue

START = datetime(2025, 11, 1, tzinfo=UTC)
KINDS = ("kline.5.{}", "tickers.{}", "publicTrade.{}", "orderbook.1.{}")
CONTRACT = "category=linear&symbol=C000USDT"
MEANWHILE = (
    "/v5/market/time",
    f"/v5/market/tickers?{CONTRACT}",
    f"/v5/market/kline?{CONTRACT}&interval=5&limit=200",
    f"/v5/market/orderbook?{CONTRACT}&limit=50",
)
"""What a bot asks while many listen, in turn."""
QUESTIONS = 40
SUBSCRIBERS = 20
CROWD_S = 10.0
LATE_S = 0.5
"""In which what was sent at the end has arrived."""
STEP_MS = 300_000
MEGABYTE = 1024
Message = MutableMapping[str, object]


class Reader:
    """A subscriber who takes every message at once, counts them and keeps the closed bars."""

    def __init__(self, topics: list[str]) -> None:
        command = json.dumps({"op": "subscribe", "args": topics})
        self._commands: list[Message] = [
            {"type": "websocket.connect"},
            {"type": "websocket.receive", "text": command},
        ]
        self.messages = 0
        self.closed: list[str] = []

    async def receive(self) -> Message:
        """The handshake, one subscription, then silence until the end."""
        if self._commands:
            return self._commands.pop(0)
        await asyncio.Event().wait()
        raise AssertionError("nobody sets it")

    async def send(self, message: Message) -> None:
        """Count it; that the connection is accepted is no message, and comes before anything is subscribed to."""
        self.messages += message["type"] == "websocket.send"
        text = str(message.get("text", ""))
        if '"confirm": true' in text:
            self.closed.append(text)

    def misses(self, symbols: int, closes: range) -> int:
        """Of how many symbols not every bar of 5m was told, once and in order.

        :param closes: of bars, counted in steps since 1970.
        """
        told: dict[str, list[int]] = {symbol: [] for symbol in names(symbols)}
        for message in map(json.loads, self.closed):
            told[message["topic"].rpartition(".")[2]] += [(one["end"] + 1) // STEP_MS for one in message["data"]]
        return sum(bars != list(closes) for bars in told.values())


async def ask(application: Application, path: str) -> float:
    """Processor seconds of one GET, which is answered.

    :param path: with the query.
    """
    place, _, query = path.partition("?")
    scope: Message = {"type": "http", "method": "GET", "path": place, "headers": [], "query_string": query.encode()}

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    async def send(message: Message) -> None:
        assert message.get("status", 200) == 200, message

    began = time.process_time()
    await application(scope, receive, send)
    return time.process_time() - began


async def audience(application: Application, topics: list[str], count: int) -> dict[asyncio.Task[None], Reader]:
    """``count`` subscribers of all topics, each heard of by the exchange."""
    scope = {"type": "websocket", "path": "/v5/public/linear"}
    tasks = {}
    for _ in range(count):
        reader = Reader(topics)
        tasks[asyncio.create_task(application(dict(scope), reader.receive, reader.send))] = reader
        while not reader.messages:
            await asyncio.sleep(0.01)
    return tasks


async def question(symbols: int, subscribers: int) -> float:
    """Processor milliseconds of one ``market/time``, mean of some with time passing between them."""
    venue = build(Configuration(symbols=names(symbols), start=START, speed=60), "bench")
    application = Application(venue)
    topics = [kind.format(symbol) for symbol in names(symbols) for kind in KINDS]
    tasks = await audience(application, topics, subscribers)
    spent = 0.0
    for _ in range(QUESTIONS):
        await asyncio.sleep(0.01)
        spent += await ask(application, "/v5/market/time")
    for task in tasks:
        task.cancel()
    return spent / QUESTIONS * 1000


async def crowd(symbols: int, subscribers: int) -> tuple[float, list[float], int]:
    """Share of a processor that time at speed 60 takes with so many listeners of four topics of each symbol.

    :returns: it, the wall milliseconds that each of 50 questions a second waited for its answer, ascending, and how
        often a listener was not told every closed bar of a symbol in its order.
    """
    venue = build(Configuration(symbols=names(symbols), start=START, speed=60), "bench")
    application = Application(venue)
    topics = [kind.format(symbol) for symbol in names(symbols) for kind in KINDS]
    # Nothing is told before time is kept: what closes while they subscribe is told then.
    heard_from = venue.exchange.now_ms
    listeners = await audience(application, topics, subscribers)
    keeper, waited = asyncio.create_task(keep_time(venue)), []
    spent, began = time.process_time(), time.perf_counter()
    while time.perf_counter() - began < CROWD_S:
        due = time.perf_counter() + 0.02
        await asyncio.sleep(0.02)
        await ask(application, MEANWHILE[len(waited) % len(MEANWHILE)])
        waited.append((time.perf_counter() - due) * 1000)
    share = (time.process_time() - spent) / (time.perf_counter() - began)
    keeper.cancel()
    await asyncio.sleep(LATE_S)
    closes = range(heard_from // STEP_MS + 1, venue.exchange.now_ms // STEP_MS + 1)
    assert closes, "nothing closed in that time"
    missed = sum(reader.misses(symbols, closes) for reader in listeners.values())
    for task in listeners:
        task.cancel()
    return share, sorted(waited), missed


def day(symbols: int, *, held: bool) -> float:
    """Processor milliseconds of one virtual day and symbol in lock-step, one subscriber of every closed bar.

    :param held: with a position, its stop and take profit, and a resting entry in every symbol.
    """
    wide = Configuration(symbols=names(symbols), start=START, lock_step=Timeframe.M15, balance=Decimal(10_000_000))
    venue = build(wide, "bench")
    for symbol in names(symbols) if held else ():
        _hold(venue, symbol)
    began = time.process_time()
    asyncio.run(_day(venue, [f"kline.15.{symbol}" for symbol in names(symbols)]))
    return (time.process_time() - began) / symbols * 1000


def _hold(venue: Venue, symbol: str) -> None:
    """Buy, with levels and an entry so far away that the day hardly reaches them."""
    market = venue.exchange.markets[symbol]
    instrument, last = market.instrument, market.last
    quantity = str(instrument.floor_quantity(Decimal(1000) / last))
    far = {
        name: str(instrument.round_price(last * Decimal(share)))
        for name, share in (("stopLoss", "0.7"), ("takeProfit", "1.4"), ("price", "0.75"))
    }
    order = {"category": "linear", "symbol": symbol, "side": "Buy", "qty": quantity}
    create(venue.exchange, {**order, "orderType": "Limit", "price": far["price"]})
    create(
        venue.exchange,
        {**order, "orderType": "Market", "stopLoss": far["stopLoss"], "takeProfit": far["takeProfit"]},
    )


async def _day(venue: Venue, topics: list[str]) -> None:
    tasks = await audience(Application(venue), topics, 1)
    for _ in range(24 * 4):
        while venue.step() is not Stand.CLOSE:
            pass
        await asyncio.sleep(0)
    for task in tasks:
        task.cancel()


def names(count: int) -> tuple[str, ...]:
    """Made-up symbols."""
    return tuple(f"C{number:03d}USDT" for number in range(count))


def started(symbols: int) -> dict[str, float]:
    """Wall and processor seconds and resident MiB of building an exchange, measured by a process of its own."""
    command = [sys.executable, __file__, "--measure-start", str(symbols)]
    result = subprocess.run(command, check=True, capture_output=True, text=True)
    measured: dict[str, float] = json.loads(result.stdout)
    return measured


def measure_start(symbols: int) -> None:
    """Build, and print what it took."""
    wall, processor = time.perf_counter(), time.process_time()
    venue = build(Configuration(symbols=names(symbols), start=START), "bench")
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MEGABYTE
    seconds = {"wall": time.perf_counter() - wall, "processor": time.process_time() - processor}
    assert len(venue.exchange.markets) == symbols
    print(json.dumps({**seconds, "memory": used}))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--symbols", type=int, default=100)
    parser.add_argument("--start-symbols", type=int, default=200)
    parser.add_argument("--measure-start", type=int, default=0, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure_start:
        measure_start(given.measure_start)
        return
    # First of all: a process inherits the largest size of the one that starts it.
    start = started(given.start_symbols)
    table = Table(title="simulated exchange, processor time")
    for column in ("what", "measured", "wanted"):
        table.add_column(column)
    alone, busy = asyncio.run(question(3, 0)), asyncio.run(question(given.symbols, 1))
    topics = given.symbols * len(KINDS)
    table.add_row("market/time, 3 symbols, nobody", f"{alone:.3f} ms", "1 ms")
    table.add_row(f"market/time, {given.symbols} symbols, {topics} topics", f"{busy:.3f} ms", "1 ms")
    table.add_row("the second to the first", f"{busy / alone:.1f} x", "")
    table.add_row("a virtual day of a symbol in lock-step", f"{day(10, held=False):.1f} ms", "20 ms")
    table.add_row("the same with a position and three orders", f"{day(10, held=True):.1f} ms", "20 ms")
    share, waited, missed = asyncio.run(crowd(given.symbols, SUBSCRIBERS))
    who = f"{given.symbols} symbols x {len(KINDS)} topics x {SUBSCRIBERS} subscribers, speed 60"
    table.add_row(f"{who}, share of a processor", f"{share:.0%}", "")
    table.add_row("listeners and symbols whose bars were not all told in order", str(missed), "0")
    table.add_row("a question meanwhile, half", f"{waited[len(waited) // 2]:.1f} ms", "20 ms")
    table.add_row("a question meanwhile, 99 of 100", f"{waited[len(waited) * 99 // 100]:.1f} ms", "100 ms")
    table.add_row(f"start, {given.start_symbols} symbols, processor", f"{start['processor']:.1f} s", "")
    table.add_row(f"start, {given.start_symbols} symbols, wall", f"{start['wall']:.1f} s", "10 s")
    table.add_row(f"memory, {given.start_symbols} symbols", f"{start['memory']:.0f} MiB", "600 MiB")
    Console().print(table)
    if missed:
        sys.exit(1)


if __name__ == "__main__":
    main()
