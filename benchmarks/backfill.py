"""How fast history comes in: pages over REST, parsed, checked, copied into PostgreSQL; and how fast it is read.

    python benchmarks/backfill.py [BARS ...]

Starts an exchange that answers with one page over and over (so that the program and not the exchange is measured) and a
PostgreSQL of its own. Processor time counts, as the machine may be shared: of this process, and of PostgreSQL's.
``two cores`` is what both can do side by side, one core each.
"""

import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import Process, Queue
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psutil
from sqlalchemy import Engine

from trading_pipeline.adapters.stores.market_data.backfill_log import PostgresBackfillLog
from trading_pipeline.adapters.stores.market_data.bar_store import PostgresBarStore
from trading_pipeline.adapters.stores.market_data.bulk_bar_store import PostgresBulkBarStore
from trading_pipeline.adapters.stores.postgres.database import connect
from trading_pipeline.adapters.stores.postgres.migration import migrate
from trading_pipeline.adapters.stores.postgres.schemas import BARS, validated
from trading_pipeline.adapters.venues.bybit.client import BybitClient
from trading_pipeline.adapters.venues.bybit.market_data import BybitMarketData
from trading_pipeline.domain.model.backfills import BackfillRequest, BackfillRun
from trading_pipeline.domain.model.bars import BarSource
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.runtime.supervision.embedded import EmbeddedPostgres
from trading_pipeline.services.market_data.backfill_history import backfill_history

START = datetime(2000, 1, 1, tzinfo=UTC)
READ = 500_000
_INSTRUMENT = {
    "symbol": "BTCUSDT",
    "contractType": "LinearPerpetual",
    "status": "Trading",
    "baseCoin": "BTC",
    "quoteCoin": "USDT",
    "settleCoin": "USDT",
    "priceFilter": {"tickSize": "0.10"},
    "lotSizeFilter": {
        "qtyStep": "0.001",
        "minOrderQty": "0.001",
        "maxOrderQty": "1190",
        "maxMktOrderQty": "500",
        "minNotionalValue": "5",
    },
    "leverageFilter": {"maxLeverage": "100"},
}


class Venue(BaseHTTPRequestHandler):
    """Klines of any range, made of little; the other two questions that a backfill asks."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(url.query).items()}
        now = time.time_ns()
        result: dict[str, object] = {"timeNano": str(now), "list": [_INSTRUMENT], "nextPageCursor": ""}
        if url.path.endswith("kline"):
            tail = ',"67012.50","67040.10","66990.00","67020.30","35.123","2353412.7381"]'
            times = range(int(asked["end"]) // 60_000 * 60_000, int(asked["start"]) - 1, -60_000)
            rows = ",".join(f'["{at}"{tail}' for at in times)
            body = f'{{"retCode":0,"retMsg":"OK","result":{{"list":[{rows}]}},"time":{now // 1_000_000}}}'
        else:
            body = json.dumps({"retCode": 0, "retMsg": "OK", "result": result, "time": now // 1_000_000})
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _serve(port: "Queue[int]") -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Venue)
    port.put(server.server_port)
    server.serve_forever()


@contextmanager
def venue() -> Iterator[str]:
    """The address of the exchange, which is a process of its own."""
    port: Queue[int] = Queue()
    process = Process(target=_serve, args=(port,), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{port.get()}"
    finally:
        process.terminate()


class Processor:
    """Processor time of this process and of PostgreSQL's, in seconds, and memory of this one."""

    def __init__(self, data: Path) -> None:
        postmaster = int((data / "postmaster.pid").read_text().split()[0])
        self._server = psutil.Process(postmaster)
        self._ended: dict[int, float] = {}

    def own(self) -> float:
        """Of this process."""
        return time.process_time()

    def server(self) -> float:
        """Of PostgreSQL, processes that have ended as they were last seen."""
        for process in [self._server, *self._server.children(recursive=True)]:
            times = process.cpu_times()
            self._ended[process.pid] = times.user + times.system
        return sum(self._ended.values())


def backfilled(engine: Engine, address: str, bars: int, number: int, processor: Processor) -> None:
    """Backfill so many minutes of an instrument that is empty, and print what it took."""
    name = InstrumentId("BTCUSDT.BYBIT")
    with engine.begin() as connection:
        connection.exec_driver_sql("TRUNCATE trading.raw_bars, trading.bars")
    wall, own, server = time.perf_counter(), processor.own(), processor.server()
    memory = psutil.Process().memory_info().rss
    market = BybitMarketData(BybitClient(address, "", ""))
    done = 0
    # one request may ask for 5,000 pages
    for part, first in enumerate(range(0, bars, 5_000_000)):
        count = min(5_000_000, bars - first)
        since = START + timedelta(minutes=first)
        request = BackfillRequest(name, Timeframe.M1, since, since + timedelta(minutes=count), max_pages=5_000)
        run = BackfillRun(f"{number}-{part}", BarSource.REST, name, Timeframe.M1, "benchmark", {})
        store = PostgresBulkBarStore(engine, run.run_id)
        done += backfill_history(request, run, market, store, PostgresBackfillLog(engine)).upserts
    own, server, wall = processor.own() - own, processor.server() - server, time.perf_counter() - wall
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - memory
    both = done / max(own, server)
    print(
        f"{done:>10,} bars: {both:>9,.0f} bars/s on two cores; program {1e6 * own / done:.2f} us/bar, PostgreSQL "
        f"{1e6 * server / done:.2f} us/bar; wall {done / wall:,.0f} bars/s; memory +{peak / 2**20:.0f} MB"
    )


def parts(engine: Engine, address: str) -> None:
    """Where the program's time goes, step by step, over 200 pages, ten kept at a time."""
    name, count = InstrumentId("BTCUSDT.BYBIT"), 200_000
    market = BybitMarketData(BybitClient(address, "", ""))
    end = START + timedelta(minutes=count)
    began = time.process_time()
    written = market.written_bars(name, Timeframe.M1, START, end)
    fetched = time.process_time()
    frames = [part.frame() for part in written.parts(10_000)]
    framed = time.process_time()
    for frame in frames:
        validated(frame, BARS)
    checked = time.process_time()
    store = PostgresBulkBarStore(engine, "parts")
    for part in written.parts(10_000):
        store.append(part, BarSource.REST)
    stored = time.process_time()
    steps = {"ask and parse": fetched - began, "numbers": framed - fetched, "pandera": checked - framed}
    steps["copy and commit"] = stored - checked - steps["numbers"] - steps["pandera"]
    print("  ".join(f"{step} {1e6 * spent / count:.2f} us/bar" for step, spent in steps.items()))


def read(engine: Engine, processor: Processor) -> None:
    """Read bars into a frame, the second time, when the connection is open and its plan is known."""
    store = PostgresBarStore(engine)
    for _ in range(2):
        wall, own, server = time.perf_counter(), processor.own(), processor.server()
        frame = store.frame([InstrumentId("BTCUSDT.BYBIT")], Timeframe.M1, START, START + timedelta(minutes=READ))
        own, server, wall = processor.own() - own, processor.server() - server, time.perf_counter() - wall
    print(
        f"{len(frame):>10,} bars read into a frame: {own + server:.2f} s of processor time, {server:.2f} s of them"
        f" PostgreSQL; wall {wall:.2f} s at load {os.getloadavg()[0]:.1f}"
    )


def main(sizes: list[int]) -> None:
    """Print a line for each size, where the time goes, and how fast the largest is read."""
    folder = Path(tempfile.mkdtemp(prefix="backfill-bench-"))
    folder.chmod(0o755)
    server = EmbeddedPostgres(folder / "postgres")
    server.start()
    try:
        url = server.url("postgres", "psycopg")
        migrate(url)
        engine = connect(url)
        processor = Processor(folder / "postgres")
        with venue() as address:
            for number, bars in enumerate(sizes):
                backfilled(engine, address, bars, number, processor)
            if max(sizes) >= READ:
                read(engine, processor)
            with engine.begin() as connection:
                connection.exec_driver_sql("TRUNCATE trading.raw_bars, trading.bars")
            parts(engine, address)
        engine.dispose()
    finally:
        server.stop()


if __name__ == "__main__":
    main([int(text.replace("_", "")) for text in sys.argv[1:]] or [100_000, 1_000_000])
