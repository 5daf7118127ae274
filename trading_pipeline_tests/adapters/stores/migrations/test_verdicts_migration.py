"""Verdicts stored when every answer had a row of its own."""

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, text

from trading_pipeline.adapters.stores.market_data.check_store import PostgresCheckStore
from trading_pipeline.domain.model.checks import CheckName
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline_tests.testkit.builders import START

BTC = InstrumentId("BTCUSDT.BYBIT")
_BEFORE = text("""
    INSERT INTO trading.data_checks (instrument_id, timeframe, close_time, name, passed, detail, run_id)
    SELECT 'BTCUSDT.BYBIT', '1h', CAST(:start AS timestamptz) + n * interval '1 hour', name,
        NOT (n = 2 AND name = 'no_gap'),
        CASE WHEN n = 2 AND name = 'no_gap' THEN 'bars missing since then' ELSE '' END, 'run-' || n
    FROM generate_series(1, 3) AS n, unnest(ARRAY['no_gap', 'sources_agree', 'ohlc_sane']) AS name
    WHERE NOT (n = 3 AND name = 'ohlc_sane')
""")
_ROWS = text("SELECT * FROM trading.data_checks ORDER BY close_time, name")


def test_answers_of_a_bar_come_together_and_apart_again(database: Engine) -> None:
    command.downgrade(_alembic(database), "0039")
    with database.begin() as connection:
        connection.execute(_BEFORE, {"start": START})
        before = connection.execute(_ROWS).all()
    command.upgrade(_alembic(database), "head")

    store, end = PostgresCheckStore(database), START + 9 * Timeframe.H1.duration
    assert store.sound_bars([BTC], Timeframe.H1, START, end) == {BTC: [START]}, "the third was not asked everything"
    (against,) = store.failed([BTC], Timeframe.H1, START, end)
    assert (against.name, against.detail) == (CheckName.NO_GAP, "bars missing since then")

    command.downgrade(_alembic(database), "0039")
    with database.connect() as connection:
        assert connection.execute(_ROWS).all() == before


def _alembic(database: Engine) -> Config:
    config = Config()
    config.set_main_option("script_location", "trading_pipeline.adapters.stores:migrations")
    config.attributes["engine"] = database
    return config
