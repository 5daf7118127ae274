"""One feed process, two hundred instruments, three timeframes: every bar is stored once and told in order."""

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import redis
from sqlalchemy import Engine, text

from trading_pipeline.domain.model.bars import Bar
from trading_pipeline.domain.model.timeframes import Timeframe, from_ms, to_ms
from trading_pipeline_tests.adapters.venues.simulator import START, simulator
from trading_pipeline_tests.runtime.feed.feed_stage import Stage, staged, until
from trading_pipeline_tests.testkit.builders import walk

pytestmark = [pytest.mark.proof, pytest.mark.xdist_group("feed process")]

BEGIN, STEPS = datetime.fromisoformat(START).replace(tzinfo=UTC), 8
TIMEFRAMES = (Timeframe.M15, Timeframe.M30, Timeframe.H1)
# names as long as the exchange takes, so that their topics are more than one connection carries
SYMBOLS = ("BTCUSDT", *(f"1000000INSTRUMENT{number:03d}USDT" for number in range(199)))
UNIVERSE = f"""
venue: bybit
history_start: 2025-06-01
symbols: [{", ".join(SYMBOLS)}]
timeframes: [{", ".join(TIMEFRAMES)}]
"""
Series = tuple[str, str]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, list[Bar]]]:
    """Five-minute bars of each instrument as files, from an hour before the beginning on."""
    folder, made = tmp_path_factory.mktemp("recorded"), {}
    for symbol in SYMBOLS:
        made[symbol] = walk(f"{symbol}.BYBIT", BEGIN - timedelta(hours=1), 48, Timeframe.M5)
        rows = (
            f"{to_ms(bar.open_time)},{bar.open},{bar.high},{bar.low},{bar.close},{bar.volume}" for bar in made[symbol]
        )
        content = "\n".join(("open_time_ms,open,high,low,close,volume", *rows, ""))
        (folder / f"bybit_linear_{symbol}_5m.csv").write_text(content)
    return folder, made


@pytest.fixture(scope="module")
def stage(
    module_database: Engine,
    redis_url: str,
    recorded: tuple[Path, dict[str, list[Bar]]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stage]:
    """The feed has heard two hours, and everything is stored."""
    exchange = simulator(",".join(SYMBOLS), bars=recorded[0])
    folder, topics = tmp_path_factory.mktemp("many"), len(SYMBOLS) * len(TIMEFRAMES)
    address = module_database.url.render_as_string(hide_password=False)
    with staged(address, redis_url, folder, UNIVERSE, exchange, topics) as made:
        made.start_and_wait()
        for _ in range(STEPS):
            made.exchange.advance()
        until(lambda: made.count("raw_bars WHERE source = 'websocket'") == len(SYMBOLS) * (8 + 4 + 2), "every bar")
        yield made


def closes(timeframe: Timeframe) -> list[datetime]:
    """Of the two hours."""
    return [BEGIN + number * timeframe.duration for number in range(1, timedelta(hours=2) // timeframe.duration + 1)]


def test_every_bar_is_stored_as_it_was_pushed(stage: Stage, recorded: tuple[Path, dict[str, list[Bar]]]) -> None:
    query = text("""
        SELECT instrument_id, timeframe, close_time, open, high, low, close FROM trading.raw_bars
        WHERE source = 'websocket' ORDER BY 1, 2, 3
    """)
    with stage.database.connect() as connection:
        stored = [tuple(row) for row in connection.execute(query)]
    expected = []
    for symbol, fives in recorded[1].items():
        for timeframe in TIMEFRAMES:
            for close_time in closes(timeframe):
                parts = [bar for bar in fives if close_time - timeframe.duration <= bar.open_time < close_time]
                high, low = max(bar.high for bar in parts), min(bar.low for bar in parts)
                prices = (parts[0].open, high, low, parts[-1].close)
                expected.append((f"{symbol}.BYBIT", timeframe.value, close_time, *prices))
    assert stored == sorted(expected)


def test_every_close_is_told_once_and_each_series_in_its_order(stage: Stage) -> None:
    told: dict[Series, list[datetime]] = defaultdict(list)
    for _, fields in redis.Redis.from_url(stage.redis_url, decode_responses=True).xrange("stream:bar_close"):
        event = json.loads(fields["data"])
        told[event["instrument_id"], event["timeframe"]].append(from_ms(event["close_time_ms"]))
    since = {series: [close for close in heard if close > BEGIN] for series, heard in told.items()}
    assert since == {(f"{symbol}.BYBIT", one.value): closes(one) for symbol in SYMBOLS for one in TIMEFRAMES}


def test_the_topics_are_spread_over_connections(stage: Stage) -> None:
    # two for bars, one for tickers
    assert stage.exchange.status()["public_connections"] == 3
