"""The process itself: started as a person starts it, beside servers that run."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator

import httpx
import pytest

from trading_pipeline.runtime.supervision.embedded import free_port
from trading_pipeline_tests.testkit.api_lab import CONFIG

COMMAND = [sys.executable, "-m", "trading_pipeline.cli.main"]
START_S = 60.0


@pytest.fixture(scope="module")
def environment(module_database_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Of commands beside the servers."""
    given = {
        "DATABASE_URL": module_database_url,
        "REDIS_URL": redis_url,
        "TRADING_CONFIG_DIR": str(CONFIG),
        "TRADING_STATE_DIR": str(tmp_path_factory.mktemp("state")),
    }
    return {**os.environ, **given}


@pytest.fixture(scope="module")
def address(environment: dict[str, str]) -> Iterator[str]:
    """Of a process that answers; whatever happens, it ends with the module."""
    port = free_port()
    process = subprocess.Popen(
        [*COMMAND, "api", "--port", str(port)], env=environment, cwd=environment["TRADING_STATE_DIR"]
    )
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


def test_the_first_administrator_is_added_by_a_command_and_signs_in(address: str, environment: dict[str, str]) -> None:
    told = run(environment, "users", "add", "root", "--role", "admin")
    password = told.partition("password: ")[2].strip()
    signed = httpx.post(f"{address}/api/v1/auth/login", json={"name": "root", "password": password})
    assert signed.status_code == 200
    bearer = {"Authorization": f"Bearer {signed.json()['access_token']}"}
    assert httpx.get(f"{address}/api/v1/auth/me", headers=bearer).json()["role"] == "admin"
    assert run(environment, "users", "list") == "root  admin  active  password alone\n"
    assert "2 records follow from each other" in run(environment, "audit", "verify")


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
