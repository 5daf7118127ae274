"""Many bars into both tables at once."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine, text

from trading_pipeline.adapters.stores.market_data.bar_store import PostgresBarStore
from trading_pipeline.adapters.stores.market_data.bulk_bar_store import PostgresBulkBarStore
from trading_pipeline.adapters.stores.market_data.wave_store import PostgresWaveStore
from trading_pipeline.domain.model.bars import BarSource
from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.model.written_bars import BETWEEN, WrittenBars
from trading_pipeline_tests.testkit.builders import START, walk
from trading_pipeline_tests.testkit.databases import empty, until_somebody_waits

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


def rows(database: Engine) -> list[tuple[object, ...]]:
    """Both tables as the database prints them, without wall times and transactions."""
    query = """
        SELECT 'raw', (to_jsonb(raw) - 'received_at' - 'heard_in')::text AS row FROM trading.raw_bars AS raw
        UNION ALL SELECT 'bars', to_jsonb(bars)::text FROM trading.bars ORDER BY 1, 2
    """
    with database.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def test_a_range_of_which_nothing_is_known_becomes_the_rows_that_it_becomes_between_known_bars(
    database: Engine,
) -> None:
    store = PostgresBulkBarStore(database, "a run")
    store.append(written(), BarSource.REST)
    copied = rows(database)
    empty(database)
    bar = next(written().parts(1))
    assert [store.append(bar, BarSource.REST), store.append(written(), BarSource.REST)] == [1, 49]
    assert rows(database) == copied
    assert len(copied) == 100


def test_what_was_copied_is_late_for_a_wave_that_began_before_it(database: Engine) -> None:
    waves, close = PostgresWaveStore(database), START + timedelta(hours=1)
    PostgresBarStore(database).append_raw(walk("SOLUSDT.BYBIT", count=1), BarSource.WEBSOCKET)
    heard = waves.begin(close, Timeframe.H1, "code")
    assert heard is not None
    PostgresBulkBarStore(database).append(written(), BarSource.REST)
    ids = (BTC, InstrumentId("SOLUSDT.BYBIT"))
    assert waves.late(ids, [Timeframe.H1], heard, END) == {BTC}


def test_a_bar_that_another_tells_in_the_middle_of_it_is_told_once(database: Engine) -> None:
    store, single = PostgresBulkBarStore(database), PostgresBarStore(database)
    told = text("""
        INSERT INTO trading.raw_bars (instrument_id, timeframe, open_time, close_time, open, high, low, close, volume,
            turnover, source)
        VALUES (:instrument_id, '1h', :opens, :closes, 1, 1, 1, 1, 1, 1, 'rest')
    """)
    opens = START + timedelta(hours=20)
    with ThreadPoolExecutor(1) as pool:
        with database.begin() as other:
            other.execute(told, {"instrument_id": BTC, "opens": opens, "closes": opens + timedelta(hours=1)})
            appended = pool.submit(store.append, written(), BarSource.REST)
            until_somebody_waits(database)
        assert appended.result(20) == 49
    frame = single.frame([BTC], Timeframe.H1, START, END)
    expected = [Decimal(1) if bar.open_time == opens else bar.close for bar in walk(BTC, count=50)]
    assert frame["close"].tolist() == [float(close) for close in expected]


@pytest.mark.parametrize(("place", "value"), [(0, "nope"), (3, "1\t2")])
def test_what_is_no_number_is_refused_and_nothing_is_kept(database: Engine, place: int, value: str) -> None:
    store, bars = PostgresBulkBarStore(database), written(3)
    first, second, third = bars.numbers
    row = second.split(BETWEEN)
    row[place] = value
    numbers = [first, BETWEEN.join(row), third]
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
    assert _decimals(again) == _decimals(written())


def _decimals(bars: WrittenBars) -> list[tuple[Decimal, ...]]:
    return [tuple(map(Decimal, row.split(BETWEEN))) for row in bars.numbers]
