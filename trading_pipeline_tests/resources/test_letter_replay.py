"""Letters that were not understood are read again and handed on, each once."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import redis
from sqlalchemy import Engine, text

from trading_pipeline.adapters.streams.redis_stream import RedisStream
from trading_pipeline.adapters.venues.bybit.streams import BybitAccountStream, BybitMarketStream
from trading_pipeline.domain.model.dead_letters import DeadLetter
from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.resources.letter_replay import LetterReplay
from trading_pipeline.runtime.feed.storage import FeedStorage
from trading_pipeline_tests.adapters.venues.bybit.test_frames import KLINE, a_frame
from trading_pipeline_tests.adapters.venues.bybit.test_parse import EXECUTION
from trading_pipeline_tests.testkit.builders import ACCOUNT

BAR_CLOSED = '{"kind":"bar_closed","instrument_id":"BTCUSDT.BYBIT","timeframe":"1h","close_time_ms":1748779200000}'


@dataclass
class Graveyard:
    """A feed's storage, and who takes letters up."""

    storage: FeedStorage
    replaying: LetterReplay
    prefix: str
    redis_url: str

    def bury(self, source: str, payload: str) -> DeadLetter:
        """Bury one message."""
        self.storage.events.dead_letter(source, payload, "nobody knew how to read it")
        return self.storage.events.dead_letters(1)[0]

    def left(self) -> list[DeadLetter]:
        """What is still buried."""
        return self.storage.events.dead_letters(100)

    def published(self, stream: str) -> int:
        """How many events a stream has."""
        return int(redis.Redis.from_url(self.redis_url).xlen(f"{self.prefix}{stream}"))

    def rows(self, table: str) -> int:
        """How many rows a table has."""
        with self.storage.engine.connect() as connection:
            return int(connection.execute(text(f"SELECT count(*) FROM trading.{table}")).scalar_one())


@pytest.fixture
def graveyard(database: Engine, redis_url: str) -> Iterator[Graveyard]:
    prefix = f"{uuid.uuid4().hex}:"
    storage = FeedStorage(database, RedisStream(redis_url, prefix), "one")
    market = BybitMarketStream("ws://nowhere", [InstrumentId("BTCUSDT.BYBIT")], [Timeframe.H1])
    account = BybitAccountStream("ws://nowhere", "", "")
    yield Graveyard(
        storage,
        LetterReplay(database, storage.events, market, lambda: account, lambda: storage.ledger(storage.lease(ACCOUNT))),
        prefix,
        redis_url,
    )
    storage.events.close()


def test_bars_of_a_frame_are_stored_and_told(graveyard: Graveyard) -> None:
    letter = graveyard.bury("feed.public", a_frame("kline.60.BTCUSDT", KLINE))
    assert graveyard.replaying.replay(letter) == "1 bars, 1 of them new"
    assert (graveyard.rows("raw_bars"), graveyard.published("bar_close"), graveyard.left()) == (1, 1, [])


def test_dead_letters_fills_are_booked_once(graveyard: Graveyard) -> None:
    frame = a_frame("execution", EXECUTION)
    for _ in range(2):
        assert graveyard.replaying.replay(graveyard.bury("feed.private", frame)) == "0 reports and 1 fills booked"
    assert (graveyard.rows("fills"), graveyard.left()) == (1, [])
    assert graveyard.published("fill_booked") == 2


def test_an_event_goes_back_to_its_stream(graveyard: Graveyard) -> None:
    letter = graveyard.bury(f"{graveyard.prefix}bar_close", BAR_CLOSED)
    assert graveyard.replaying.replay(letter) == f"published on {graveyard.prefix}bar_close"
    assert (graveyard.published("bar_close"), graveyard.left()) == (1, [])


@pytest.mark.parametrize(
    ("source", "payload"),
    [
        ("feed.public", "{"),
        ("feed.private", "Fill(execution_id='bad')"),
        ("feed.private", '{"op":"pong"}'),
        ("bar_close", "{}"),
        ("of_nobody", BAR_CLOSED),
    ],
)
def test_what_still_cannot_be_understood_stays(graveyard: Graveyard, source: str, payload: str) -> None:
    letter = graveyard.bury(source if source.startswith("feed") else f"{graveyard.prefix}{source}", payload)
    with pytest.raises(DataError):
        graveyard.replaying.replay(letter)
    assert graveyard.left() == [letter]
