"""Workers say that they live for as long as they take work."""

from pathlib import Path

import pytest
from celery import Celery
from celery.contrib.testing.worker import start_worker
from celery.signals import heartbeat_sent
from sqlalchemy import Engine

from trading_pipeline.adapters.stores.operations.heartbeats import PostgresHeartbeatStore
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.runtime.dagster.sign_of_life import SignOfLife
from trading_pipeline_tests.runtime.feed.feed_stage import until


def test_the_loop_that_takes_tasks_gives_it(database: Engine, database_url: str) -> None:
    heartbeat_sent.connect(given := SignOfLife(database_url, "trading"), weak=False)
    app = Celery(broker="memory://")
    try:
        with start_worker(app, pool="solo", perform_ping_check=False, without_heartbeat=False):
            store = PostgresHeartbeatStore(database)
            until(lambda: [beat.component for beat in store.beats()] == ["worker-trading"], "a sign of life")
    finally:
        heartbeat_sent.disconnect(given)


def test_a_database_that_is_away_is_no_reason_to_stop_working(tmp_path: Path) -> None:
    SignOfLife(f"postgresql+psycopg://nobody@/trading?host={tmp_path}", "trading")()


def test_a_worker_without_an_address_says_so() -> None:
    with pytest.raises(ConfigurationError, match="DATABASE_URL"):
        SignOfLife("", "trading")
