"""While a server is away the API says which, and what it can do without it still works."""

from pathlib import Path

from fastapi import FastAPI
from fastapi.testclient import TestClient
from psycopg.errors import DiskFull
from sqlalchemy.exc import OperationalError

from trading_pipeline.adapters.access.redis_limits import RedisLimits
from trading_pipeline.api.errors import handle_errors
from trading_pipeline.domain.model.access import Role
from trading_pipeline_tests.testkit.api_lab import ApiLab, running_api, settings_of

NOWHERE = "redis://127.0.0.1:1/0"


def test_without_a_database_every_read_is_a_503_that_names_it(tmp_path: Path, redis_url: str) -> None:
    away = "postgresql+psycopg://trader:secret@127.0.0.1:1/trading"
    with running_api(settings_of(tmp_path, away, redis_url)) as api:
        answer = api.client.get("/api/v1/pipeline/waves", headers={"X-API-Key": "tpk_a_b"})
        assert (answer.status_code, answer.json()["code"]) == (503, "database_away")
        assert "secret" not in answer.text
        assert api.client.get("/livez").status_code == 200
        health = api.client.get("/health")
        assert (health.status_code, health.json()["components"]["database"]["state"]) == (503, "down")


def test_without_redis_nobody_signs_in_and_whoever_is_signed_in_can_still_halt(
    tmp_path: Path, module_database_url: str, api: ApiLab
) -> None:
    trader = api.as_(Role.TRADER)
    with running_api(settings_of(tmp_path, module_database_url, NOWHERE)) as cut_off:
        limiter = RedisLimits(NOWHERE)
        object.__setattr__(cut_off.context.access, "limiter", limiter)
        login = cut_off.login("a-trader")
        assert (login.status_code, login.json()["code"]) == (503, "redis_away")
        ticket = cut_off.client.post("/api/v1/auth/ticket", headers=trader)
        assert (ticket.status_code, ticket.json()["code"]) == (503, "redis_away")
        halt = {"scope": "all", "reason": "redis is away"}
        assert cut_off.client.post("/api/v1/execution/halts", json=halt, headers=trader).status_code == 200


def test_a_full_disk_of_the_database_is_a_503_that_says_what_to_do() -> None:
    app = FastAPI()
    handle_errors(app)

    @app.get("/kept")
    def kept() -> None:
        raise OperationalError("INSERT", None, DiskFull("could not extend file: No space left on device"))

    answer = TestClient(app).get("/kept")
    assert (answer.status_code, answer.json()["code"]) == (503, "database_full")
    assert "make room" in answer.json()["detail"]
