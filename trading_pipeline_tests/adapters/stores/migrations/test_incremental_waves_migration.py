"""Bars that were heard before a wave knew what it could see."""

from datetime import timedelta

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, text

from trading_pipeline.adapters.stores.market_data.bar_store import PostgresBarStore
from trading_pipeline.adapters.stores.market_data.wave_store import PostgresWaveStore
from trading_pipeline.domain.model.bars import BarSource
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline_tests.testkit.builders import START, walk

HOUR = timedelta(hours=1)


def test_bars_survive_down_and_up_and_count_as_heard_long_ago(database: Engine) -> None:
    bars, waves, heard = PostgresBarStore(database), PostgresWaveStore(database), walk(count=3)
    bars.append_raw(heard[:2], BarSource.WEBSOCKET)
    config = Config()
    config.set_main_option("script_location", "trading_pipeline.adapters.stores:migrations")
    config.attributes["engine"] = database
    command.downgrade(config, "0013")
    command.upgrade(config, "head")
    with database.connect() as connection:
        known = connection.execute(text("SELECT count(*), count(heard_in) FROM trading.raw_bars")).one()
    assert tuple(known) == (2, 0)
    second = START + 2 * HOUR
    waves.begin(second, Timeframe.H1, "rules")
    bars.consolidate([heard[0].instrument_id], Timeframe.H1, START, second)
    assert waves.mark_computed(second, Timeframe.H1, [heard[0].instrument_id], "run-1")
    computed = waves.computed(second, Timeframe.H1)
    assert computed is not None
    assert waves.late([heard[0].instrument_id], [Timeframe.H1], computed.heard, second) == set()
    bars.append_raw(heard[1:2], BarSource.REST)
    assert waves.late([heard[0].instrument_id], [Timeframe.H1], computed.heard, second) == {heard[0].instrument_id}
