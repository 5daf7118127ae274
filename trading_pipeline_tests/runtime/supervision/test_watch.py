"""What is wrong with a running system is said once when it lasts, and once when it is over."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from trading_pipeline.adapters.stores.operations.heartbeats import PostgresHeartbeatStore
from trading_pipeline.adapters.stores.operations.system_overview import SystemOverview, system_overview
from trading_pipeline.adapters.stores.postgres.database import connect
from trading_pipeline.domain.model.halts import Halt, HaltScope
from trading_pipeline.domain.model.heartbeats import Heartbeat
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.runtime.supervision.stages import quiet
from trading_pipeline.runtime.supervision.watch import Watch, problems, uncollected
from trading_pipeline_tests.testkit.execution_lab import WAVE, Lab, store_plan, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans

WELL = SystemOverview(
    heartbeats=(Heartbeat("feed", "feed.public up, feed.private up", 1.0),),
    newest_wave=WAVE,
    waiting_waves=0,
    waiting_plans=3,
    unsettled_orders=0,
    halts=(),
    positions=(),
    equity=(),
)


def test_of_a_system_that_is_well_there_is_nothing_to_say() -> None:
    assert problems(WELL) == set()


@pytest.mark.parametrize(
    ("overview", "said"),
    [
        (replace(WELL, heartbeats=(Heartbeat("feed", "feed.public up", 21.0),)), "the feed has stopped"),
        (
            replace(WELL, heartbeats=(Heartbeat("feed", "feed.public down, feed.private up", 1.0),)),
            "feed.public has no connection to the venue",
        ),
        (replace(WELL, waiting_waves=1), "heard and are not computed"),
        (replace(WELL, unsettled_orders=1), "not known what became of an order"),
        (replace(WELL, halts=(Halt(HaltScope("all"), "look first", WAVE),)), "entries are halted: all halted since"),
    ],
)
def test_each_thing_that_is_wrong_has_a_sentence(overview: SystemOverview, said: str) -> None:
    (problem,) = problems(overview)
    assert said in problem


def test_a_lasting_disconnection_is_told_and_its_end(database: Engine) -> None:
    lines: list[str] = []
    watch, beats = Watch(database, lines.append, every_s=0.0), PostgresHeartbeatStore(database)
    beats.beat("feed", "feed.public down")
    watch.look()
    assert lines == []
    for _ in range(3):
        watch.look()
    assert lines == ["PROBLEM  feed.public has no connection to the venue"]
    beats.beat("feed", "feed.public up")
    watch.look()
    assert lines[1:] == ["over     feed.public has no connection to the venue"]


def test_a_component_that_is_silent_at_two_looks_is_named(database: Engine) -> None:
    watch, beats = Watch(database, quiet, every_s=0.0), PostgresHeartbeatStore(database)
    beats.beat("feed", "feed.public up")
    assert (watch.look(), watch.look()) == ({}, {})
    with database.begin() as connection:
        connection.execute(text("UPDATE trading.heartbeats SET beat_at = beat_at - interval '21 seconds'"))
    assert watch.look() == {}
    assert 21 <= watch.look()["feed"] < 60
    beats.beat("feed", "feed.public up")
    assert watch.look() == {}


def test_a_position_outside_the_universe_is_named(database: Engine) -> None:
    lab = Lab(database)
    store_plan(database, trade_plan())
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    overview = system_overview(database)
    (said,) = uncollected(overview, [InstrumentId("SOLUSDT.BYBIT")])
    assert said.startswith("BTCUSDT.BYBIT is held and not in universe.yaml: stop and targets stay")
    assert uncollected(overview, [InstrumentId("BTCUSDT.BYBIT")]) == set()


def test_a_database_that_is_gone_is_a_problem_and_no_crash(tmp_path: Path) -> None:
    lines: list[str] = []
    watch = Watch(connect(f"postgresql+psycopg://nobody@/trading?host={tmp_path}"), lines.append, every_s=0.0)
    watch.look()
    watch.look()
    assert len(lines) == 1
    assert lines[0].startswith("PROBLEM  the database does not answer")
