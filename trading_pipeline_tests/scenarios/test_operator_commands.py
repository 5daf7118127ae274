"""What a person types beside a running system, from the halt that reconciliation sets to trading on."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import chdir
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from unittest.mock import patch
from uuid import uuid4

import pytest
from typer.testing import CliRunner

from trading_pipeline.adapters.venues.catalog import venue_named
from trading_pipeline.cli.main import EXIT_REFUSED, app
from trading_pipeline.domain.model.errors import TradingError
from trading_pipeline.domain.model.identity import AccountId, InstrumentId, TradingMode, VenueName
from trading_pipeline.domain.model.orders import OrderIntent, OrderType, Purpose, Side
from trading_pipeline.ports.venue.trading import Trading
from trading_pipeline.runtime.dagster.launch_job import launch_job
from trading_pipeline.runtime.supervision.embedded import free_port
from trading_pipeline.settings import GivenSettings
from trading_pipeline_tests.scenarios.replayed_demo import environment_of

pytestmark = [pytest.mark.timeout(600), pytest.mark.xdist_group("demo")]

SOL = InstrumentId("SOLUSDT.BYBIT")
START_S = 120.0


@dataclass(frozen=True)
class Up:
    """A system that was started by hand."""

    state: Path
    environment: dict[str, str]

    @property
    def announced(self) -> dict[str, str]:
        """What a command finds."""
        told: dict[str, str] = json.loads((self.state / "running.json").read_text())
        return told

    @property
    def trading(self) -> Trading:
        """The account, as somebody on the venue's own page has it."""
        known = {str(spec.alias) for spec in GivenSettings.model_fields.values()}
        given = {name: value for name, value in self.announced.items() if name in known}
        return venue_named("bybit", GivenSettings.model_validate(given)).trading()

    def type(self, *words: str) -> tuple[int, str]:
        """Exit code and output of a command, in this process: starting one takes longer than most commands."""
        # a command leaves the system's settings in the environment
        with chdir(self.state), patch.dict(os.environ, self.environment, clear=True):
            done = CliRunner().invoke(app, [*words, "--state-dir", str(self.state)])
        if isinstance(done.exception, TradingError):
            return EXIT_REFUSED, f"{done.output}{done.exception}"
        return done.exit_code, done.output

    def type_apart(self, *words: str) -> tuple[int, str]:
        """The same as the process that people start."""
        command = [sys.executable, "-m", "trading_pipeline.cli.main", *words, "--state-dir", str(self.state)]
        done = subprocess.run(
            command, env=self.environment, cwd=self.state, capture_output=True, text=True, timeout=180, check=False
        )
        return done.returncode, done.stdout + done.stderr

    def reconcile(self) -> None:
        """As the schedule does every minute."""
        assert launch_job(self.announced["TRADING_DAGSTER_URL"], "reconcile", {}).succeeded

    def trade_by_hand(self, side: Side) -> None:
        """Somebody trades 3 SOL on the venue's page."""
        account = AccountId.of(VenueName("BYBIT"), self.trading.account_id(), TradingMode.SIMULATED)
        self.trading.submit(
            OrderIntent(
                f"by-hand-{uuid4().hex[:8]}", account, "none", Purpose.ENTRY, SOL, side, OrderType.MARKET,
                Decimal(3), None, None,
                reduce_only=False, valid_until=datetime.now(UTC) + timedelta(days=1), run_id="none",
            )
        )  # fmt: skip


@pytest.fixture(scope="module")
def up(open_folder: Path) -> Iterator[Up]:
    """A system on the simulated exchange; whatever happens, it ends with the module."""
    folder = open_folder / "operated"
    folder.mkdir()
    state = folder / "state"
    environment = environment_of()
    command = [sys.executable, "-m", "trading_pipeline.cli.main", "up", "--port", str(free_port())]
    with (folder / "up.log").open("w") as log:
        process = subprocess.Popen(
            command,
            env=environment | {"TRADING_STATE_DIR": str(state), "TRADING_API_PORT": str(free_port())},
            cwd=folder,
            stdout=log,
            stderr=log,
        )
        try:
            deadline = time.monotonic() + START_S
            while not (state / "running.json").exists():
                assert process.poll() is None, (folder / "up.log").read_text()
                assert time.monotonic() < deadline, (folder / "up.log").read_text()
                time.sleep(0.2)
            yield Up(state, environment)
        finally:
            process.terminate()
            process.wait(60)


def test_a_reconciliations_halt_is_lifted_by_hand(up: Up) -> None:
    up.trade_by_hand(Side.BUY)
    up.reconcile()
    code, told = up.type_apart("status")
    assert code == 0
    assert "SOLUSDT.BYBIT halted since" in told
    assert "unknown_position" in told
    code, told = up.type_apart("resume", "SOLUSDT")
    assert (code, "stays halted, venue and ledger differ" in told) == (2, True)
    up.trade_by_hand(Side.SELL)
    code, told = up.type("resume", "SOLUSDT")
    assert (code, "may be entered again" in told) == (0, True)
    assert "nothing is halted" in up.type("status")[1]


def test_a_halt_needs_sense_and_can_be_lifted(up: Up) -> None:
    assert up.type("halt", "BTCUSDT", "--reason", "earnings")[0] == 0
    _, told = up.type("status", "--json")
    assert [(halt["scope"], halt["reason"]) for halt in json.loads(told)["halts"]] == [("BTCUSDT.BYBIT", "earnings")]
    assert up.type("resume", "BTCUSDT")[0] == 0
    code, told = up.type("halt", "BTCUSD", "--reason", "x")
    assert (code, "did you mean BTCUSDT.BYBIT" in told) == (2, True)


def test_a_close_and_the_kill_switch_are_runs_of_dagster(up: Up) -> None:
    assert up.type("close", "BTCUSDT", "--reason", "enough") == (0, "BTCUSDT is flat and nothing of ours rests\n")
    code, told = up.type("kill-switch", "on", "--close", "--reason", "all out")
    assert (code, "everything that was open is closed" in told) == (0, True)
    assert "HALT all" in up.type("status")[1]
    assert up.type("positions") == (0, "no open position\n")
    assert up.type("kill-switch", "off")[0] == 0


def test_commands_about_signals_orders_and_stops_say_what_stands_against_them(up: Up) -> None:
    for words, why in (
        (("open", "nothing"), "there is no 'nothing' among signals"),
        (("cancel", "nothing"), "there is no 'nothing' among orders"),
        (("move-stop", "SOLUSDT", "1"), "no position of ours is open in SOLUSDT.BYBIT"),
    ):
        code, told = up.type(*words, "--reason", "look first")
        assert (code, why in told) == (2, True), told


def test_a_failed_close_says_where_to_look(up: Up) -> None:
    up.trade_by_hand(Side.BUY)
    try:
        code, told = up.type("close", "SOLUSDT", "--reason", "enough")
        assert code == 2
        assert "close_position is failure: " in told
        assert "no plan of ours opened" in told
        assert f"{up.announced['TRADING_DAGSTER_URL']}/runs/" in told
    finally:
        up.trade_by_hand(Side.SELL)


def test_where_no_system_runs_a_command_says_how_to_get_one(up: Up, tmp_path: Path) -> None:
    nowhere = Up(tmp_path, os.environ | up.environment)
    code, told = nowhere.type("status")
    assert (code, "no system runs in" in told, "trading-pipeline up" in told) == (2, True, True)
