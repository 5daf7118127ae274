"""What stands between bars, in PostgreSQL: it comes back as it went in, and it grows old."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from sqlalchemy import Engine, text

from trading_pipeline.adapters.stores.market_data.condition_retention import PostgresConditionRetention
from trading_pipeline.adapters.stores.market_data.instrument_store import PostgresInstrumentStore
from trading_pipeline.adapters.stores.market_data.ticker_store import PostgresTickerStore
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.instruments import InstrumentStatus
from trading_pipeline.domain.model.market_feeds import MarketFeeds
from trading_pipeline.domain.model.tickers import Ticker
from trading_pipeline.services.market_data.purge_conditions import purge_conditions
from trading_pipeline_tests.testkit.builders import instrument

AT = datetime(2025, 6, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
BTC, SOL = InstrumentId("BTCUSDT.BYBIT"), InstrumentId("SOLUSDT.BYBIT")
TICKER = Ticker(
    BTC,
    AT,
    last_price=Decimal("104000.5"),
    bid_price=Decimal("104000.4"),
    ask_price=Decimal("104000.6"),
    mark_price=Decimal("104001"),
    index_price=Decimal("104002.25"),
    funding_rate=Decimal("0.0001"),
    next_funding_at=AT + timedelta(hours=4),
    open_interest=Decimal("51234.567"),
)


def test_the_newest_ticker_of_each_instrument_comes_back_exactly(database: Engine) -> None:
    store = PostgresTickerStore(database)
    later = replace(TICKER, at=AT + DAY, mark_price=Decimal("1.23456789"))
    store.append([TICKER, later])
    store.append([replace(later, mark_price=Decimal(9))])  # the first of an instant stands
    assert store.newest([BTC, SOL]) == {BTC: later}


def test_what_is_past_its_age_goes(database: Engine) -> None:
    store = PostgresTickerStore(database)
    store.append([replace(TICKER, at=AT + days * DAY) for days in (0, 9, 10, 100)])
    assert purge_conditions(PostgresConditionRetention(database), MarketFeeds())["tickers"] == 2
    with database.connect() as connection:
        days = [(at - AT) // DAY for at in connection.execute(text("SELECT at FROM trading.tickers")).scalars()]
    assert sorted(days) == [10, 100]


def test_an_empty_table_has_nothing_to_lose(database: Engine) -> None:
    assert purge_conditions(PostgresConditionRetention(database), MarketFeeds())["tickers"] == 0


def test_instruments_come_back_exactly_as_they_were_told_last(database: Engine) -> None:
    store = PostgresInstrumentStore(database)
    first = replace(instrument(), maker_fee=Decimal("-0.000015"))
    ending = replace(first, status=InstrumentStatus.DELIVERING, delists_at=AT)
    for told in (first, ending):
        store.write([told, instrument(SOL)], AT)
        assert store.instruments() == {BTC: told, SOL: instrument(SOL)}
