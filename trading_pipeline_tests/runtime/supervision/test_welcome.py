"""Whoever starts a system is told how to look into it."""

from pathlib import Path

from trading_pipeline.runtime.supervision.environment import SystemState
from trading_pipeline.runtime.supervision.welcome import welcome
from trading_pipeline.settings import GivenSettings


def told(settings: GivenSettings) -> str:
    lines: list[str] = []
    welcome(SystemState(settings, variables=settings.variables()), lines.append)
    return "\n".join(lines)


def given(folder: Path, **more: str) -> GivenSettings:
    return GivenSettings.model_validate({"TRADING_STATE_DIR": folder, "TRADING_API_PORT": "8123", **more})


def test_a_simulated_system_brings_a_link_that_signs_in(tmp_path: Path, database_url: str, redis_url: str) -> None:
    said = told(given(tmp_path, DATABASE_URL=database_url, REDIS_URL=redis_url))
    assert "once within ten minutes: http://127.0.0.1:8123/sign-in#" in said
    assert "`trading-pipeline users link operator` makes another" in said


def test_where_there_is_no_link_to_be_had_the_system_goes_on_and_says_why(tmp_path: Path) -> None:
    nowhere = {"DATABASE_URL": "postgresql+psycopg://nobody@127.0.0.1:1/trading", "REDIS_URL": "redis://127.0.0.1:1/0"}
    said = told(given(tmp_path, **nowhere))
    assert "API http://127.0.0.1:8123/docs; no sign-in link: " in said
    assert "127.0.0.1:1" in said


def test_real_money_is_looked_at_by_password(tmp_path: Path) -> None:
    said = told(given(tmp_path, TRADING_MODE="live"))
    assert ("sign-in#" in said, "users add NAME --role admin" in said) == (False, True)
