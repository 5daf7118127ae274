"""Whatever strikes, the account is as it should be: a row a scenario, see ``docs/fault_matrix.md``."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from trading_pipeline.runtime.supervision.embedded import EmbeddedRedis
from trading_pipeline_tests.fault_matrix.page import PAGE, names_on
from trading_pipeline_tests.fault_matrix.scenarios import SCENARIOS
from trading_pipeline_tests.fault_matrix.story import Scenario, tell

IN_EVERY_RUN = {
    "nothing",
    "entry: answer lost after it was accepted",
    "entry: accepted without its stop",
    "held: the venue cancels the stop",
    "held: closed by hand",
    "target: moving the stop, 10000",
    "limit: cancel, request lost",
    "stopped: executions are an empty list",
    "entry: terminated before submit (2)",
    "entry: PostgreSQL gone before submit",
    "feed, first target filled: everything is told twice",
    "watchdog, entry: accepted without its stop",
}
"""One of each part; the rest is told where everything is proved."""


@pytest.fixture(scope="module")
def own_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedRedis]:
    """One that may be ended."""
    server = EmbeddedRedis(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.stop()


def _row(scenario: Scenario) -> object:
    marks = [] if scenario.name in IN_EVERY_RUN else [pytest.mark.proof]
    return pytest.param(scenario, marks=marks, id=scenario.name)


@pytest.mark.parametrize("scenario", [_row(scenario) for scenario in SCENARIOS])
def test_whatever_strikes_the_account_is_sound(
    module_database: Engine, own_redis: EmbeddedRedis, scenario: Scenario
) -> None:
    outcome = tell(module_database, own_redis, scenario)
    assert outcome.wrong == []
    assert (outcome.reason, outcome.halted) == (scenario.reason, scenario.halted)
    if scenario.told:
        assert any(scenario.told in subject for subject in outcome.messages), outcome.messages
    else:
        assert outcome.messages == []


def test_the_page_has_every_scenario_and_each_ended_well() -> None:
    page = PAGE.read_text()
    assert names_on(page) == [scenario.name for scenario in SCENARIOS]
    assert "**" not in page.split("|---|---|---|---|\n")[1]


def test_no_scenario_is_told_twice_and_there_are_sixty() -> None:
    names = [scenario.name for scenario in SCENARIOS]
    assert len(set(names)) == len(names) >= 60
    assert set(names) >= IN_EVERY_RUN
