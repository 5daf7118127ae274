"""The process itself: started as a person starts it, beside servers that run."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis
from sqlalchemy import text
from typer.testing import CliRunner
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.sync.client import connect

from trading_pipeline.adapters.stores.execution.risk_events import PostgresRiskEventLog
from trading_pipeline.adapters.stores.market_data.quality_store import PostgresQualityStore
from trading_pipeline.adapters.stores.market_data.raw_bar_store import PostgresRawBarStore
from trading_pipeline.adapters.stores.postgres.database import connect as connect_database
from trading_pipeline.adapters.streams.redis_stream import RedisStream
from trading_pipeline.cli.main import app
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.plans import TradePlan
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.risk.finding import Action, Finding
from trading_pipeline.runtime.supervision.embedded import free_port
from trading_pipeline.services.market_data.notice_gaps import outages_noticed
from trading_pipeline_tests.testkit.api_lab import CONFIG
from trading_pipeline_tests.testkit.builders import ACCOUNT
from trading_pipeline_tests.testkit.execution_lab import WAVE, Lab, store_plan, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans

pytestmark = pytest.mark.timeout(120)
COMMAND = [sys.executable, "-m", "trading_pipeline.cli.main"]
START_S = 60.0


@pytest.fixture(scope="module")
def environment(module_database_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Of commands beside the servers."""
    given = {
        "DATABASE_URL": module_database_url,
        "REDIS_URL": redis_url,
        "TRADING_CONFIG_DIR": str(CONFIG),
        "BYBIT_REST_URL": "http://127.0.0.1:9",  # where no venue answers
        "TRADING_STATE_DIR": str(tmp_path_factory.mktemp("state")),
    }
    return {**os.environ, **given}


def log_of(environment: dict[str, str]) -> Path:
    """Where the process writes what it does."""
    return Path(environment["TRADING_STATE_DIR"]) / "api.log"


@pytest.fixture(scope="module")
def address(environment: dict[str, str]) -> Iterator[str]:
    """Of a process that answers; whatever happens, it ends with the module."""
    port, folder = free_port(), environment["TRADING_STATE_DIR"]
    command = [*COMMAND, "api", "--port", str(port)]
    with log_of(environment).open("w") as log:
        process = subprocess.Popen(command, env=environment, cwd=folder, stderr=log)
    try:
        deadline = time.monotonic() + START_S
        while True:
            assert process.poll() is None
            assert time.monotonic() < deadline
            try:
                httpx.get(f"http://127.0.0.1:{port}/livez")
                break
            except httpx.TransportError:
                time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def run(environment: dict[str, str], *words: str) -> str:
    """Output of a command."""
    done = subprocess.run(
        [*COMMAND, *words],
        env=environment,
        cwd=environment["TRADING_STATE_DIR"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def said(environment: dict[str, str], *words: str) -> str:
    """Output of a command in this process, which costs no interpreter; the environment is as it was afterwards."""
    before = dict(os.environ)
    try:
        done = CliRunner().invoke(app, words, env=environment, catch_exceptions=False)
    finally:
        os.environ.clear()
        os.environ.update(before)
    assert done.exit_code == 0, done.output
    return done.stdout


def refused(environment: dict[str, str], *words: str) -> str:
    """What a command in this process says that could not be carried out."""
    before = dict(os.environ)
    try:
        done = CliRunner().invoke(app, words, env=environment)
    finally:
        os.environ.clear()
        os.environ.update(before)
    assert done.exit_code != 0, done.output
    return f"{done.output} {done.exception}"


@pytest.fixture(scope="module")
def trader(address: str, environment: dict[str, str]) -> dict[str, str]:
    """Headers of somebody who may halt."""
    told = run(environment, "users", "add", "tim", "--role", "trader")
    login = {"name": "tim", "password": told.partition("password: ")[2].strip()}
    return {"Authorization": f"Bearer {httpx.post(f'{address}/api/v1/auth/login', json=login).json()['access_token']}"}


def halt(address: str, trader: dict[str, str], scope: str) -> None:
    body = {"scope": scope, "reason": "look first"}
    assert httpx.post(f"{address}/api/v1/execution/halts", json=body, headers=trader).status_code == 200


def events(lines: Iterator[str]) -> Iterator[tuple[str, str, str]]:
    """Id, kind and data of each event of a stream."""
    read: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(": ")
            read[name] = value
        elif "data" in read:
            # how things stand has no place among events
            if "id" in read:
                yield read["id"], read["event"], read["data"]
            read = {}


def readings(lines: Iterator[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """What is told without an id."""
    read: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(": ")
        read = {**read, name: value} if line else {}
        if name == "data" and "id" not in read:
            yield read["event"], json.loads(value)


def test_the_first_administrator_is_added_by_a_command_and_signs_in(address: str, environment: dict[str, str]) -> None:
    told = run(environment, "users", "add", "root", "--role", "admin")
    password = told.partition("password: ")[2].strip()
    signed = httpx.post(f"{address}/api/v1/auth/login", json={"name": "root", "password": password})
    assert signed.status_code == 200
    bearer = {"Authorization": f"Bearer {signed.json()['access_token']}"}
    assert httpx.get(f"{address}/api/v1/auth/me", headers=bearer).json()["role"] == "admin"
    assert run(environment, "users", "list") == "root  admin  active  password alone\n"
    assert "records follow from each other" in run(environment, "audit", "verify")


def test_a_link_of_a_command_signs_a_browser_in_on_this_machine_once(address: str, environment: dict[str, str]) -> None:
    page, _, link = run(environment, "users", "link", "opal", "--add", "admin").strip().partition("#")
    assert page == "http://127.0.0.1:8000/sign-in"
    with httpx.Client(base_url=address) as browser:
        assert "<form" in browser.get("/sign-in").text
        assert browser.post("/api/v1/auth/link", json={"link": link}).status_code == 200
        assert browser.get("/api/v1/auth/me").json()["name"] == "opal"
        assert browser.post("/api/v1/auth/link", json={"link": link}).status_code == 401


def test_commands_say_the_same_with_the_database_and_with_an_address(
    address: str, environment: dict[str, str], trader: dict[str, str]
) -> None:
    admin = said(environment, "users", "add", "ada", "--role", "admin").partition("password: ")[2].strip()
    login = httpx.post(f"{address}/api/v1/auth/login", json={"name": "ada", "password": admin}).json()
    key = httpx.post(
        f"{address}/api/v1/admin/api-keys",
        json={"user": "ada", "label": "cli", "scopes": ["read", "trade", "administer"]},
        headers={"Authorization": f"Bearer {login['access_token']}"},
    ).json()["secret"]
    there = {**environment, "TRADING_API_TOKEN": key, "DATABASE_URL": "", "REDIS_URL": ""}
    lab = Lab(connect_database(environment["DATABASE_URL"]))
    store_plan(lab.database, trade_plan())
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    for asked_at in (WAVE, WAVE + timedelta(minutes=6)):
        PostgresRawBarStore(lab.database).note_absent(
            InstrumentId("BTCUSDT.BYBIT"), Timeframe.H1, [WAVE], asked_at, "none", timedelta(minutes=5)
        )
    stream = RedisStream(environment["REDIS_URL"])
    stream.dead_letter("feed.public", "{broken", "no JSON")
    letter = stream.dead_letters(1)[0].letter_id
    looks = (
        ("positions",),
        ("orders", "--limit", "3"),
        ("bars", "outages"),
        ("status",),
        ("dlq", "list"),
        ("dlq", "show", letter),
    )
    for words in looks:
        here, remote = said(environment, *words), said(there, *words, "--url", address)
        assert remote.splitlines() == here.splitlines(), words
    told = said(there, "halt", "SOLUSDT", "--reason", "look first", "--url", address)
    assert told == "SOLUSDT.BYBIT is halted\n"
    assert said(environment, "halt", "SOLUSDT", "--reason", "x") == "SOLUSDT.BYBIT was halted already\n"
    assert json.loads(said(there, "positions", "--json", "--url", address))[0]["instrument_id"] == "BTCUSDT.BYBIT"
    assert said(there, "dlq", "drop", letter, "--url", address) == "1 dropped\n"
    assert letter not in [one.letter_id for one in stream.dead_letters(100)]
    stream.close()
    ordered(there, address, trade_plan())
    with lab.database.begin() as connection:
        connection.execute(text("DELETE FROM trading.halts"))
    lab.database.dispose()


def ordered(there: dict[str, str], address: str, plan: TradePlan) -> None:
    """Commands about signals, stops and orders reach the API: it refuses at once, or has no Dagster to hand them to."""
    reason = ("--reason", "look first", "--url", address)
    for words, why in (
        (("open", plan.signal_id), f"plan {plan.plan_id} is executed"),
        (("cancel", f"{plan.plan_id}_E"), "is a market order, which does not rest"),
        (("cancel", f"{plan.plan_id}_TP1"), "no job can be launched"),
        (("move-stop", "BTCUSDT", "dear"), "body.price"),
        (("move-stop", "BTCUSDT", "995"), "no job can be launched"),
        (("move-stop", "ADAUSDT", "995"), "one position has to be open, not nothing"),
    ):
        assert why in refused(there, *words, *reason), words


def test_every_component_is_told_with_its_state_and_age(address: str) -> None:
    told = httpx.get(f"{address}/health")
    components = told.json()["components"]
    assert told.status_code == 200
    assert {name: components[name]["state"] for name in ("database", "redis", "dagster")} == {
        "database": "up",
        "redis": "up",
        "dagster": "down",
    }
    assert told.json()["status"] == "degraded"
    assert httpx.get(f"{address}/readyz").json()["checks"] == {"database": "up", "redis": "up"}
    assert {httpx.get(f"{address}/{path}").status_code for path in ("healthz", "livez", "health/live")} == {200}


def test_the_document_is_served(address: str) -> None:
    assert json.loads(httpx.get(f"{address}/openapi.json").text)["openapi"].startswith("3.")
    assert httpx.get(f"{address}/docs").status_code == 200


def test_what_happens_is_told_at_once_and_what_was_missed_when_somebody_comes_back(
    address: str, environment: dict[str, str], trader: dict[str, str]
) -> None:
    with httpx.stream("GET", f"{address}/stream", headers=trader, timeout=30) as stream:
        lines = stream.iter_lines()
        assert next(lines).startswith("retry")
        halt(address, trader, "BTCUSDT")
        _, kind, data = next(events(lines))
        database = connect_database(environment["DATABASE_URL"])
        PostgresRiskEventLog(database, ACCOUNT).append([Finding("spread", Action.DENY, "too wide")], WAVE)
        of_history, of_now = [WAVE - timedelta(days=9)], [WAVE - timedelta(hours=2), WAVE - timedelta(hours=1)]
        outages = outages_noticed(InstrumentId("BTCUSDT.BYBIT"), Timeframe.H1, [*of_history, *of_now], WAVE)
        PostgresQualityStore(database).record(list(outages))
        database.dispose()
        seen, risk, found = next(events(lines))
        seen, quality, outage = next(events(lines))
    assert (kind, json.loads(data)["scope"], json.loads(data)["operation"]) == ("halt", "BTCUSDT.BYBIT", "insert")
    assert (risk, json.loads(found)["sentence"]) == ("risk", "too wide")
    assert (quality, json.loads(outage)["kind"], json.loads(json.loads(outage)["detail"])["lost_bars"]) == (
        "quality",
        "outage",
        2,
    )
    halt(address, trader, "SOLUSDT")
    halt(address, trader, "ADAUSDT")
    back = {**trader, "Last-Event-ID": seen}
    with httpx.stream("GET", f"{address}/stream", headers=back, timeout=30) as stream:
        told = events(stream.iter_lines())
        scopes = [json.loads(next(told)[2])["scope"] for _ in range(2)]
    assert scopes == ["SOLUSDT.BYBIT", "ADAUSDT.BYBIT"]


def test_whoever_looks_on_is_told_at_once_how_everything_is_and_then_how_much_waits(
    address: str, trader: dict[str, str]
) -> None:
    with httpx.stream("GET", f"{address}/stream", headers=trader, timeout=30) as stream:
        told = readings(stream.iter_lines())
        health, metrics = next(told), next(told)
    assert (health[0], health[1]["components"]["database"], health[1]["status"]) == ("health", "up", "degraded")
    assert (metrics[0], metrics[1]["lookers_on"] >= 1, metrics[1]["waiting_waves"]) == ("metrics", True, 0)


def test_a_ticket_opens_one_stream(address: str, trader: dict[str, str]) -> None:
    ticket = httpx.post(f"{address}/api/v1/auth/ticket", headers=trader).json()
    with httpx.stream("GET", f"{address}/stream", params=ticket, timeout=30) as stream:
        assert stream.status_code == 200
    assert httpx.get(f"{address}/stream", params=ticket).status_code == 401


def test_a_channel_is_relayed_byte_for_byte(
    address: str, environment: dict[str, str], trader: dict[str, str], redis_url: str
) -> None:
    socket = address.replace("http", "ws") + "/api/v1/live?channel={}&ticket={}"
    ticket = httpx.post(f"{address}/api/v1/auth/ticket", headers=trader).json()["ticket"]
    frames = ['{"v":1,"type":"test","payload":42}', '{"v": 1,  "type":"trade","ü":"\\u00fc"}']
    with connect(socket.format("bybit:ticks", ticket)) as relay:
        assert json.loads(relay.recv(10))["payload"] == "subscribed"
        for frame in frames:
            redis.Redis.from_url(redis_url).publish("bybit:ticks", frame)
        assert [relay.recv(10), relay.recv(10)] == frames
        relay.send("ping")
        assert json.loads(relay.recv(10))["type"] == "pong"
    with pytest.raises(InvalidStatus), connect(socket.format("bybit:ticks", ticket)):
        pass
    # of both, the one that was let in and the one that was not, the log has the address without its ticket
    written = log_of(environment).read_text()
    assert (written.count("/api/v1/live?channel=bybit:ticks&ticket=…"), ticket in written) == (2, False)
    ticket = httpx.post(f"{address}/api/v1/auth/ticket", headers=trader).json()["ticket"]
    with connect(socket.format("secrets", ticket)) as relay, pytest.raises(ConnectionClosedError, match="1008"):
        relay.recv(10)
