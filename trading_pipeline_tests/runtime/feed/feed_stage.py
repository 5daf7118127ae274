"""A feed process between a whole exchange and real servers."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import redis
from sqlalchemy import Engine, text

from trading_pipeline.adapters.stores.postgres.database import connect
from trading_pipeline_tests.adapters.venues.simulator import Simulator, simulator

UNIVERSE = """
venue: bybit
history_start: 2025-05-01
symbols: [{}]
timeframes: [15m, 1h]
feeds:
  book_snapshots: {{depth: 50}}
  public_trades: {{wanted: true}}
"""
AVI5 = """
strategy: avi5
enabled: true
timeframes: [15m]
symbols: [BTCUSDT]
parameters: {confirm_book: true}
lifecycle:
  targets: [{r_multiple: 1, fraction: 0.4}, {r_multiple: 2, fraction: 0.3}]
  runner: {fraction: 0.3, atr_multiple: 3, atr_period: 14}
"""
COSTS = "maker_fee_bps: 2\ntaker_fee_bps: 5.5\nslippage_bps: 0\nfunding: {rate: 0.0001, interval_hours: 8}\n"
RISK = """
risk_per_trade: 0.005
max_open_positions: 3
max_leverage: 5
max_daily_loss: 0.05
cooldown_bars: 1
max_wallet_age_s: 10
plan_ttl_bars: 1
"""
PATIENCE_S = 60.0


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for ``condition``; a failure says ``what`` did not happen."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"not within {PATIENCE_S} s: {what}"
        time.sleep(0.02)


@dataclass
class Stage:
    """An exchange, a database, a Redis and the settings that join them.

    :ivar topics: of bars that the feed subscribes to.
    """

    exchange: Simulator
    database: Engine
    redis_url: str
    environment: dict[str, str]
    log: Path
    topics: int = 4
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, command: str = "feed", **changes: str) -> subprocess.Popen[bytes]:
        """Start a feed, or whatever else needs these settings."""
        words = [sys.executable, "-m", "trading_pipeline.cli.main", command]
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                words, env={**os.environ, **self.environment, **changes}, stdout=log, stderr=log, cwd=self.log.parent
            )
        self.processes.append(process)
        return process

    def start_and_wait(self) -> subprocess.Popen[bytes]:
        """Start a feed and wait until the exchange sees it on both streams, and none before it any more."""
        until(lambda: not self.listening(), "the last feed is gone")
        process = self.start()
        until(self.listening, "the feed listens")
        return process

    def listening(self) -> bool:
        """Whether somebody hears both streams."""
        status = self.exchange.status()
        return status["kline_subscriptions"] == self.topics and status["private_connections"] == 1

    def bars(self, timeframe: str = "15m") -> list[tuple[str, datetime]]:
        """Instrument and close of every raw bar."""
        query = text(
            "SELECT instrument_id, close_time FROM trading.raw_bars WHERE timeframe = :timeframe ORDER BY 2, 1"
        )
        with self.database.connect() as connection:
            return [
                (instrument_id, close) for instrument_id, close in connection.execute(query, {"timeframe": timeframe})
            ]

    def advance(self, steps: int) -> datetime:
        """Walk on and wait for the bars of the last close."""
        for _ in range(steps):
            now = self.exchange.advance()
        until(lambda: self.bars()[-2:] == [("BTCUSDT.BYBIT", now), ("SOLUSDT.BYBIT", now)], f"bars of {now}")
        return now

    def count(self, table: str) -> int:
        """Rows of a table."""
        with self.database.connect() as connection:
            return int(connection.execute(text(f"SELECT count(*) FROM trading.{table}")).scalar_one())


@contextmanager
def staged(
    database_url: str,
    redis_url: str,
    folder: Path,
    universe: str = UNIVERSE.format("BTCUSDT, SOLUSDT"),
    exchange_of: AbstractContextManager[Simulator] | None = None,
    topics: int = 4,
) -> Iterator[Stage]:
    """A stage whose processes end with the block; the Redis is emptied first.

    :param exchange_of: with the instruments of the universe; else one of BTCUSDT and SOLUSDT.
    """
    (folder / "universe.yaml").write_text(universe)
    (folder / "risk.yaml").write_text(RISK)
    (folder / "costs.yaml").write_text(COSTS)
    (folder / "strategies").mkdir()
    (folder / "strategies" / "avi5.yaml").write_text(AVI5)
    redis.Redis.from_url(redis_url).flushdb()
    with exchange_of or simulator() as exchange:
        environment = {
            "TRADING_MODE": "simulated",
            "TRADING_CONFIG_DIR": str(folder),
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            **exchange.environment(),
        }
        stage = Stage(exchange, connect(database_url), redis_url, environment, folder / "feed.log", topics)
        yield stage
        for process in stage.processes:
            if process.poll() is None:
                process.kill()
            process.wait()
        stage.database.dispose()
