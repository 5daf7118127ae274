"""What a person types with ``--url``, carried out by an API on a socket; jobs go to a Dagster that remembers them."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs
from typer.testing import CliRunner

from trading_pipeline.adapters.streams.redis_stream import RedisStream
from trading_pipeline.api.application import create_app
from trading_pipeline.cli.main import app
from trading_pipeline.domain.model.access import Permission, Role
from trading_pipeline.domain.model.errors import TradingError
from trading_pipeline.services.access.api_keys import issue_key
from trading_pipeline_tests.adapters.venues.bybit.test_frames import KLINE, a_frame
from trading_pipeline_tests.testkit.api_lab import DAGSTER, ApiLab
from trading_pipeline_tests.testkit.execution_lab import Lab, store_plan, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans
from trading_pipeline_tests.testkit.served import served

Typed = Callable[..., str]


def lift_halts(api: ApiLab) -> None:
    with api.context.engine.begin() as connection:
        connection.execute(text("DELETE FROM trading.halts"))


@pytest.fixture(scope="module")
def address(api: ApiLab) -> Iterator[str]:
    """The same application on a socket."""
    with served(create_app(api.context)) as url:
        yield url


@pytest.fixture(scope="module")
def key(api: ApiLab) -> str:
    """Of an administrator, for everything."""
    issued = issue_key(
        access=api.context.access,
        user=api.add("ada", Role.ADMIN).user,
        label="cli",
        scopes=set(Permission),
        life=timedelta(days=1),
        actor="root",
        request_id="r-1",
        now=datetime.now(UTC),
    )
    return issued.secret


@pytest.fixture
def typed(api: ApiLab, address: str, key: str) -> Iterator[Typed]:
    """Output of a command that is given the address and nothing else of the system."""
    lift_halts(api)
    api.jobs.launched.clear()
    before = dict(os.environ)

    def run(*words: str) -> str:
        given = {"TRADING_API_TOKEN": key, "DATABASE_URL": "", "REDIS_URL": ""}
        # the API is in this process, and would write its log into the command's output
        with capture_logs():
            done = CliRunner().invoke(app, [*words, "--url", address], env=given)
        if isinstance(done.exception, TradingError):
            return f"refused: {done.exception}"
        assert done.exit_code == 0, done.output
        return done.stdout

    yield run
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="module")
def position(api: ApiLab) -> str:
    """Id of the plan of an open position, and of it."""
    lift_halts(api)  # one that stands would keep it from opening
    lab, plan = Lab(api.context.engine), trade_plan()
    store_plan(lab.database, plan)
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    return plan.plan_id


def test_a_halt_and_the_kill_switch_are_set_and_lifted(typed: Typed, api: ApiLab) -> None:
    why = ("--reason", "look first")
    assert typed("halt", "BTCUSDT", *why) == "BTCUSDT.BYBIT is halted\n"
    assert typed("halt", "BTCUSDT", *why) == "BTCUSDT.BYBIT was halted already\n"
    assert "HALT BTCUSDT.BYBIT" in typed("status")
    assert typed("resume", "BTCUSDT", "--force", *why) == "BTCUSDT.BYBIT may be entered again\n"
    assert typed("resume", "BTCUSDT", "--force", *why) == "BTCUSDT.BYBIT was not halted\n"
    assert typed("kill-switch", "on", *why) == "all is halted\n"
    assert typed("kill-switch", "off", "--force", *why) == "all may be entered again\n"
    closing_all = typed("kill-switch", "on", "--close", *why)
    assert closing_all == f"all is halted\neverything is being closed: {DAGSTER}/runs/run-1\n"
    config = {"on": True, "close": True, "reason": "look first", "actor": "ada"}
    assert api.jobs.launched == [("kill_switch", {"switch": config})]
    assert "nothing is halted" not in typed("status")


def test_a_position_is_moved_and_closed_by_runs_whose_pages_are_told(typed: Typed, api: ApiLab, position: str) -> None:
    assert typed("move-stop", "BTCUSDT", "995.5", "--loosen", "--reason", "news").endswith(f"{DAGSTER}/runs/run-1\n")
    assert typed("close", "BTCUSDT", "--reason", "enough").endswith(f"is being closed: {DAGSTER}/runs/run-2\n")
    assert typed("close", "ADAUSDT", "--reason", "enough") == "ADAUSDT: nothing is open\n"
    target = f"{position}_TP1"
    assert typed("cancel", target, "--reason", "news") == f"{target} is being taken back: {DAGSTER}/runs/run-3\n"
    assert [(job, next(iter(ops))) for job, ops in api.jobs.launched] == [
        ("move_stop", "set_stop"),
        ("close_position", "close_out"),
        ("cancel_order", "take_back"),
    ]
    assert api.jobs.launched[0][1]["set_stop"]["loosen"] is True


def test_a_signal_is_opened_by_a_run(typed: Typed, api: ApiLab) -> None:
    plan = trade_plan("ADAUSDT.BYBIT")
    store_plan(api.context.engine, plan)
    opened = typed("open", plan.signal_id, "--reason", "sure")
    assert opened == f"signal {plan.signal_id} is being opened: {DAGSTER}/runs/run-1\n"
    config = {"signal_id": plan.signal_id, "reason": "sure", "actor": "ada"}
    assert api.jobs.launched == [("open_from_signal", {"take_up": config})]


def test_venue_and_ledger_are_compared_by_a_run(typed: Typed, api: ApiLab) -> None:
    assert typed("reconcile") == f"venue and ledger are being compared: {DAGSTER}/runs/run-1\n"
    assert api.jobs.launched == [("reconcile", {})]


def test_letters_are_listed_shown_taken_up_and_dropped(typed: Typed, api: ApiLab) -> None:
    with closing(RedisStream(api.context.settings.redis_url)) as stream:
        for letter in stream.dead_letters(100):
            stream.drop_dead_letter(letter.letter_id)
        assert typed("dlq", "list") == "no dead letters\n"
        stream.dead_letter("feed.public", a_frame("kline.60.BTCUSDT", KLINE), "an unknown field")
        stream.dead_letter("feed.public", "{broken", "no JSON")
        broken, sound = (letter.letter_id for letter in stream.dead_letters(2))
    listed = typed("dlq", "list").splitlines()
    assert [line.split()[0] for line in listed] == [broken, sound]
    assert [one["reason"] for one in json.loads(typed("dlq", "list", "--json"))] == ["no JSON", "an unknown field"]
    assert typed("dlq", "show", broken).endswith("no JSON\n\n{broken\n")
    assert typed("dlq", "replay", sound) == f"{sound}  feed.public  1 bars, 1 of them new\n"
    assert typed("dlq", "replay", "--all").startswith("refused: 1 of 1 letters are still not understood")
    assert typed("dlq", "drop", "--all") == "1 dropped\n"
    assert typed("dlq", "list") == "no dead letters\n"


def test_a_program_reads_what_came_of_each_command(typed: Typed, api: ApiLab, position: str) -> None:
    why = ("--reason", "look first", "--json")
    assert json.loads(typed("halt", "SOLUSDT", *why)) == {"scope": "SOLUSDT.BYBIT", "changed": True}
    assert json.loads(typed("resume", "SOLUSDT", "--force", *why)) == {"scope": "SOLUSDT.BYBIT", "changed": True}
    assert json.loads(typed("kill-switch", "on", *why)) == {"scope": "all", "changed": True, "run": None}
    assert json.loads(typed("close", "BTCUSDT", *why))[0]["job"] == "close_position"
    assert json.loads(typed("close", "ADAUSDT", *why)) == []
    assert json.loads(typed("move-stop", "BTCUSDT", "995", *why))["job"] == "move_stop"
    assert json.loads(typed("cancel", f"{position}_TP1", *why))["run_id"] == "run-3"
    assert json.loads(typed("reconcile", "--json"))["run_page"] == f"{DAGSTER}/runs/run-4"


def test_an_id_with_slashes_stays_one_part_of_the_path(typed: Typed, api: ApiLab) -> None:
    assert typed("cancel", "../../admin/users", "--reason", "x").startswith("refused: ")
    assert api.jobs.launched == []
