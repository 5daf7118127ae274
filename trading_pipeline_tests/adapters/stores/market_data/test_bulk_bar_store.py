"""Many bars into both tables at once."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from trading_pipeline.adapters.stores.market_data.bar_store import PostgresBarStore
from trading_pipeline.adapters.stores.market_data.bulk_bar_store import PostgresBulkBarStore
from trading_pipeline.domain.model.bars import BarSource
from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.model.written_bars import WrittenBars
from trading_pipeline_tests.testkit.builders import START, walk

BTC = InstrumentId("BTCUSDT.BYBIT")
END = START + timedelta(days=10)


def written(count: int = 50, seed: int = 1) -> WrittenBars:
    return WrittenBars.of_bars(BTC, Timeframe.H1, walk(BTC, count=count, seed=seed))


def test_bars_arrive_with_every_digit_and_only_once(database: Engine) -> None:
    store, single = PostgresBulkBarStore(database, "a run"), PostgresBarStore(database)
    assert [store.append(written(), BarSource.REST), store.append(written(), BarSource.REST)] == [50, 0]
    assert single.raw_bars([BTC], Timeframe.H1, START, END) == walk(BTC, count=50)
    assert store.settled(BTC, Timeframe.H1, START, START + timedelta(hours=20)) == 20
    frame = single.frame([BTC], Timeframe.H1, START, END)
    assert frame["close"].tolist() == [float(bar.close) for bar in walk(BTC, count=50)]


def test_bulk_consolidation_equals_one_bar_after_another(database: Engine) -> None:
    store, single = PostgresBulkBarStore(database), PostgresBarStore(database)
    # a file tells 50 bars, the venue 30 of them otherwise, and the stream 5
    store.append(written(), BarSource.FILE)
    store.append(written(30, seed=2), BarSource.REST)
    single.append_raw(walk(BTC, count=5, seed=3), BarSource.WEBSOCKET)
    store.append(written(60), BarSource.FILE)
    best = [*walk(BTC, count=5, seed=3), *walk(BTC, count=30, seed=2)[5:], *walk(BTC, count=60)[30:]]
    frame = single.frame([BTC], Timeframe.H1, START, END)
    assert frame["close"].tolist() == [float(bar.close) for bar in best]
    assert single.consolidate([BTC], Timeframe.H1, START, END) == 0


@pytest.mark.parametrize(("place", "value"), [(0, "nope"), (3, "1\t2")])
def test_what_is_no_number_is_refused_and_nothing_is_kept(database: Engine, place: int, value: str) -> None:
    store, bars = PostgresBulkBarStore(database), written(3)
    numbers = [list(row) for row in bars.numbers]
    numbers[1][place] = value
    with pytest.raises(DataError, match="BTCUSDT"):
        store.append(replace(bars, numbers=numbers), BarSource.REST)
    assert store.settled(BTC, Timeframe.H1, START, END) == 0


def test_bars_out_of_order_are_refused(database: Engine) -> None:
    bars = written(3)
    with pytest.raises(DataError, match="ascending"):
        PostgresBulkBarStore(database).append(replace(bars, open_ms=bars.open_ms[::-1]), BarSource.REST)


def test_a_float_is_written_with_its_own_digits(database: Engine) -> None:
    PostgresBulkBarStore(database).append(written(), BarSource.REST)
    frame = PostgresBarStore(database).frame([BTC], Timeframe.H1, START, END)
    again = WrittenBars.of_frame(frame, BTC, Timeframe.H1)
    assert [tuple(map(Decimal, row)) for row in again.numbers] == [tuple(map(Decimal, r)) for r in written().numbers]
