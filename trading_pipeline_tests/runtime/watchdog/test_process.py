"""The watchdog as a process, on a whole exchange."""

import uuid
from collections.abc import Iterator
from decimal import Decimal

import pytest
from sqlalchemy import create_engine, text

from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.orders import OrderIntent, OrderType, Purpose, Side
from trading_pipeline.domain.portfolio.exits import ALWAYS_VALID
from trading_pipeline.runtime.supervision.embedded import EmbeddedPostgres
from trading_pipeline.runtime.watchdog.process import run_watchdog
from trading_pipeline.settings import Settings
from trading_pipeline_tests.runtime.feed.feed_stage import PATIENCE_S, Stage, staged, until
from trading_pipeline_tests.testkit.builders import ACCOUNT


@pytest.fixture(scope="module")
def stage(postgres: EmbeddedPostgres, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    name = f"watchdog_{uuid.uuid4().hex[:8]}"
    with create_engine(postgres.url("postgres", "psycopg"), isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE template_trading"))
    with staged(postgres.url(name, "psycopg"), redis_url, tmp_path_factory.mktemp("watchdog")) as made:
        yield made


def test_it_tells_of_naked_positions_until_ended(stage: Stage) -> None:
    process = stage.start(command="watchdog")
    until(lambda: stage.count("heartbeats") == 1, "its sign of life")
    stage.exchange.trading().submit(_without_stop())
    until(lambda: "naked position: SOLUSDT.BYBIT" in stage.log.read_text(), "the alarm")
    process.terminate()
    assert process.wait(PATIENCE_S) == 0


@pytest.mark.parametrize(
    ("changes", "names"),
    [({"DATABASE_URL": ""}, "DATABASE_URL"), ({"TRADING_CONFIG_DIR": "/nowhere"}, "universe.yaml")],
)
def test_a_wrong_setting_is_named(stage: Stage, changes: dict[str, str], names: str) -> None:
    with pytest.raises(ConfigurationError, match=names):
        run_watchdog(Settings.model_validate({**stage.environment, **changes}))


def _without_stop() -> OrderIntent:
    """A market buy of one SOL."""
    return OrderIntent(
        "by-hand", ACCOUNT, "none", Purpose.ENTRY, InstrumentId("SOLUSDT.BYBIT"), Side.BUY, OrderType.MARKET,
        quantity=Decimal(1), price=None, stop_loss=None, reduce_only=False, valid_until=ALWAYS_VALID, run_id="none",
    )  # fmt: skip
