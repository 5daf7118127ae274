"""How the API answers under load, and what lookers-on cost it.

Its own PostgreSQL, Redis, simulated exchange and API process, filled with a few hundred bars. Printed are: lists read
at 100 requests a second; a chart of the working set that is in memory; the time from a commit to its event on
`/stream`; and the memory of 500 event streams and 500 sockets, with how late the slowest of them is told while one
reads nothing. Client and server share the machine. Budgets: reads p95 50 ms, working set p95 5 ms, event p95 250 ms,
300 MB.

    python benchmarks/api_load.py
"""

import argparse
import asyncio
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psutil
import redis.asyncio as redis
from sqlalchemy import Engine, create_engine, text
from websockets.asyncio.client import connect as connect_socket

from trading_pipeline.adapters.stores.execution.risk_events import PostgresRiskEventLog
from trading_pipeline.adapters.stores.postgres.database import connect
from trading_pipeline.adapters.stores.postgres.migration import migrate
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.risk.finding import Action, Finding
from trading_pipeline.exchange_simulator.assembly import assemble
from trading_pipeline.exchange_simulator.configuration import Configuration
from trading_pipeline.exchange_simulator.market_model import generate
from trading_pipeline.exchange_simulator.server import running_venue
from trading_pipeline.runtime.supervision.embedded import EmbeddedPostgres, EmbeddedRedis, free_port
from trading_pipeline_tests.testkit.builders import ACCOUNT
from trading_pipeline_tests.testkit.execution_lab import WAVE, store_bar, store_plan, trade_plan

ROOT = Path(__file__).resolve().parents[1]
COMMAND = [sys.executable, "-m", "trading_pipeline.cli.main"]
BUDGETS = {"reads": 50.0, "working set": 5.0, "event": 250.0, "memory": 300.0}
"""Milliseconds at p95, and megabytes."""
BARS = 500
FRAMES = 10
"""One a second to every socket, before the one that is timed."""
READS = (
    "/api/v1/market/bars?instrument_id=BTCUSDT&timeframe=15m",
    "/api/v1/market/coverage?instrument_id=BTCUSDT&timeframe=15m&since=2025-10-28&until=2025-11-04",
    "/api/v1/pipeline/plans",
    "/api/v1/pipeline/signals?limit=50",
    "/api/v1/execution/positions",
    "/api/v1/execution/risk-events?limit=50",
    "/api/v1/status",
    "/api/v1/admin/configuration",
)
CHART = "/api/v1/marketdata/bybit/klines/working?symbol=BTCUSDT&interval=15"
_PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Api:
    """A running API, and a way past its servers' side."""

    address: str
    headers: dict[str, str]
    database_url: str
    redis_url: str
    process: psutil.Process

    def megabytes(self) -> float:
        """Of resident memory."""
        return float(self.process.memory_info().rss) / 1e6


@contextmanager
def running_api(folder: Path) -> Iterator[Api]:
    """Servers, exchange and API, all of them ended with the block."""
    postgres, cache = EmbeddedPostgres(folder / "postgres"), EmbeddedRedis(folder / "redis")
    series = {"BTCUSDT": generate("BTCUSDT", seed=7)}
    venue = assemble(Configuration(symbols=("BTCUSDT",), start=WAVE, lock_step=Timeframe.M15), series, WAVE, "bench")
    postgres.start()
    cache.start()
    try:
        with running_venue(venue) as exchange:
            url = _database(postgres)
            port = free_port()
            environment = {
                **os.environ,
                "DATABASE_URL": url,
                "REDIS_URL": cache.url,
                "BYBIT_REST_URL": exchange.rest_url,
                "TRADING_CONFIG_DIR": str(ROOT / "config"),
                "TRADING_STATE_DIR": str(folder / "state"),
            }
            (folder / "state").mkdir()
            log = (folder / "api.log").open("wb")
            process = subprocess.Popen([*COMMAND, "api", "--port", str(port)], env=environment, stderr=log)
            try:
                yield _signed_in(f"http://127.0.0.1:{port}", environment, process)
            finally:
                process.terminate()
                process.wait(20)
                log.close()
    finally:
        for server in (cache, postgres):
            with suppress(OSError):
                server.stop()


def _database(server: EmbeddedPostgres) -> str:
    """With bars, plans and findings to list."""
    admin = create_engine(server.url("postgres", "psycopg"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("CREATE DATABASE bench"))
    admin.dispose()
    url = server.url("bench", "psycopg")
    migrate(url)
    engine = connect(url)
    for place in range(BARS):
        store_bar(engine, "BTCUSDT.BYBIT", WAVE - place * timedelta(minutes=15), Decimal(1000 + place % 20), 5.0)
    for place in range(BARS // 5):
        store_plan(engine, trade_plan(close_time=WAVE - place * timedelta(minutes=15)))
    engine.dispose()
    return url


def _signed_in(address: str, environment: dict[str, str], process: "subprocess.Popen[bytes]") -> Api:
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        try:
            httpx.get(f"{address}/livez")
            break
        except httpx.TransportError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit("the API does not start") from None
            time.sleep(0.05)
    adding = [*COMMAND, "users", "add", "bench", "--role", "admin"]
    told = subprocess.run(adding, env=environment, capture_output=True, text=True, check=True).stdout
    login = {"name": "bench", "password": told.partition("password: ")[2].split()[0]}
    token = httpx.post(f"{address}/api/v1/auth/login", json=login).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    return Api(address, headers, environment["DATABASE_URL"], environment["REDIS_URL"], psutil.Process(process.pid))


async def reads(api: Api, seconds: int, per_second: int) -> list[float]:
    """Milliseconds of each read; they begin by the clock, however long those before them take."""
    took: list[float] = []
    limits = httpx.Limits(max_connections=100, max_keepalive_connections=100)
    async with httpx.AsyncClient(base_url=api.address, headers=api.headers, limits=limits) as client:

        async def read(path: str) -> None:
            began = time.perf_counter()
            answer = await client.get(path)
            took.append((time.perf_counter() - began) * 1_000)
            answer.raise_for_status()

        for path in READS:  # statements are compiled once
            await read(path)
        took.clear()
        begun = time.perf_counter()
        async with asyncio.TaskGroup() as tasks:
            for number in range(seconds * per_second):
                await asyncio.sleep(max(0.0, begun + number / per_second - time.perf_counter()))
                tasks.create_task(read(READS[number % len(READS)]))
    return took


async def charts(api: Api) -> list[float]:
    """Milliseconds of each chart over one bare connection, as a client's library takes half as long as the answer.

    The first asks the venue and is not counted.
    """
    took = []
    where = urlsplit(api.address)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    said = "".join(f"{name}: {value}\r\n" for name, value in api.headers.items())
    for _ in range(201):
        began = time.perf_counter()
        writer.write(f"GET {CHART} HTTP/1.1\r\nHost: {where.netloc}\r\n{said}\r\n".encode())
        head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _PATIENCE_S)).decode().lower()
        if not head.startswith("http/1.1 200"):
            raise SystemExit(f"no chart: {head}")
        await reader.readexactly(int(head.partition("content-length: ")[2].split()[0]))
        took.append((time.perf_counter() - began) * 1_000)
    writer.close()
    return took[1:]


@asynccontextmanager
async def event_stream(api: Api) -> AsyncIterator[asyncio.StreamReader]:
    """One connection of `/stream`, past its headers; bare, as a thousand clients of a library would count, too."""
    where = urlsplit(api.address)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    try:
        said = "".join(f"{name}: {value}\r\n" for name, value in api.headers.items())
        writer.write(f"GET /stream HTTP/1.1\r\nHost: {where.netloc}\r\n{said}\r\n".encode())
        await asyncio.wait_for(reader.readuntil(b"retry: "), _PATIENCE_S)
        yield reader
    finally:
        writer.close()


async def told(reader: asyncio.StreamReader, sentence: str) -> float:
    """The moment at which a finding arrives."""
    async with asyncio.timeout(_PATIENCE_S):
        while True:
            if sentence.encode() in await reader.readline():
                return time.perf_counter()


def commit(engine: Engine, sentence: str) -> float:
    """Store a finding; the moment at which that began, as its event may come before whoever commits is told."""
    began = time.perf_counter()
    PostgresRiskEventLog(engine, ACCOUNT).append([Finding("spread", Action.DENY, sentence)], WAVE)
    return began


async def events(api: Api, number: int = 50) -> list[float]:
    """Milliseconds from the insert of each finding to its event."""
    took, engine = [], connect(api.database_url)
    await asyncio.to_thread(commit, engine, "the first, for which a connection is opened")
    async with event_stream(api) as reader:
        for place in range(number):
            waiting = asyncio.create_task(told(reader, f"finding {place}."))
            committed = await asyncio.to_thread(commit, engine, f"finding {place}.")
            took.append((await waiting - committed) * 1_000)
    engine.dispose()
    return took


async def lookers_on(api: Api, number: int) -> tuple[float, float, float]:
    """Megabytes that so many streams and sockets cost, and how late the last stream and socket is told, in ms.

    One more of each opens and reads nothing.
    """
    before = api.megabytes()
    async with AsyncExitStack() as stack, httpx.AsyncClient(base_url=api.address, headers=api.headers) as client:
        streams = [await stack.enter_async_context(event_stream(api)) for _ in range(number + 1)]
        sockets = []
        for _ in range(number + 1):
            ticket = (await client.post("/api/v1/auth/ticket")).json()["ticket"]
            address = f"{api.address.replace('http', 'ws')}/api/v1/live?channel=bybit:ticks&ticket={ticket}"
            sockets.append(await stack.enter_async_context(connect_socket(address, ping_interval=None)))
            await sockets[-1].recv()  # that it is subscribed
        waiting = [asyncio.create_task(told(reader, "to everybody")) for reader in streams[1:]]
        engine = connect(api.database_url)
        committed = await asyncio.to_thread(commit, engine, "to everybody")
        engine.dispose()
        stream_ms = (max(await asyncio.gather(*waiting)) - committed) * 1_000
        publisher = redis.Redis.from_url(api.redis_url)
        frame = json.dumps({"v": 1, "type": "trade", "payload": "x" * 200})
        last = [asyncio.create_task(_until_last(socket)) for socket in sockets[1:]]
        for _ in range(FRAMES):
            await publisher.publish("bybit:ticks", frame)
            await asyncio.sleep(1.0)
        published = time.perf_counter()
        await publisher.publish("bybit:ticks", "last")
        socket_ms = (max(await asyncio.gather(*last)) - published) * 1_000
        await publisher.aclose()
        return api.megabytes() - before, stream_ms, socket_ms


async def _until_last(socket: object) -> float:
    async with asyncio.timeout(_PATIENCE_S):
        async for frame in socket:  # type: ignore[attr-defined]
            if frame == "last":
                break
    return time.perf_counter()


def said(what: str, took: list[float], budget: str) -> bool:
    """Print percentiles; whether the budget is kept."""
    ordered = sorted(took)
    p50, p95 = (ordered[int(len(ordered) * share)] for share in (0.5, 0.95))
    print(
        f"{what:<34} {len(took):>5}   p50 {p50:8.1f} ms   p95 {p95:8.1f} ms   max {ordered[-1]:8.1f} ms"
        f"   budget {BUDGETS[budget]:.0f}"
    )
    return p95 <= BUDGETS[budget]


def main() -> None:
    """Measure and print; a budget that is not kept ends with exit code 1."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=20, help="of reads")
    parser.add_argument("--clients", type=int, default=500, help="streams, and as many sockets")
    arguments = parser.parse_args()
    # a thousand connections at each end
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(8_192, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2)
    folder = Path(tempfile.mkdtemp(prefix="api-bench-"))
    folder.chmod(0o755)
    print(f"load of the machine before: {', '.join(f'{load:.1f}' for load in os.getloadavg())} (1, 5, 15 minutes)")
    try:
        with running_api(folder) as api:
            kept = [
                said("reads at 100 a second", asyncio.run(reads(api, arguments.seconds, 100)), "reads"),
                said("chart of the working set", asyncio.run(charts(api)), "working set"),
                said("from a commit to its event", asyncio.run(events(api)), "event"),
            ]
            megabytes, stream_ms, socket_ms = asyncio.run(lookers_on(api, arguments.clients))
            print(
                f"{arguments.clients} streams and {arguments.clients} sockets: {megabytes:.0f} MB more, budget "
                f"{BUDGETS['memory']:.0f}; the last stream is told after {stream_ms:.0f} ms, the last socket after "
                f"{socket_ms:.0f} ms, while one of each reads nothing"
            )
            kept.append(megabytes <= BUDGETS["memory"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if not all(kept):
        raise SystemExit("a budget is not kept")


if __name__ == "__main__":
    main()
