"""Every environment variable is listed in .env.example, and what is listed there is read by something."""

import re

import pytest

from trading_pipeline.settings import Settings
from trading_pipeline_tests.architecture.source_tree import ROOT

EXAMPLE = ROOT / ".env.example"
COMPOSE = (ROOT / "docker" / "compose.yaml").read_text()
PROFILE = (ROOT / "dbt_project" / "profiles.yml").read_text()

IN_SETTINGS = {str(field.alias) for field in Settings.model_fields.values()}
IN_COMPOSE = set(re.findall(r"\$\{(\w+)", COMPOSE))
IN_DBT = set(re.findall(r"env_var\('(\w+)'", PROFILE))


def _listed() -> dict[str, str]:
    lines = (line for line in EXAMPLE.read_text().splitlines() if line and not line.startswith("#"))
    return dict(line.split("=", 1) for line in lines)


def test_every_variable_is_listed_and_every_listed_one_is_read() -> None:
    assert set(_listed()) == IN_SETTINGS | IN_COMPOSE | IN_DBT


def test_every_variable_has_a_comment_above_it() -> None:
    block = ""
    for line in EXAMPLE.read_text().splitlines():
        block = line if not line or line.startswith("#") else block
        assert line.startswith("#") or not line or block, f"{line} stands without a comment"


def test_the_example_changes_no_default(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in _listed():
        monkeypatch.delenv(name, raising=False)
    assert Settings(_env_file=EXAMPLE) == Settings(_env_file=None)


def test_no_listed_value_opens_anything() -> None:
    secret = re.compile(r"PASSWORD|SECRET|KEY|TOKEN|ACKNOWLEDGED")
    assert [name for name, value in _listed().items() if secret.search(name) and value] == []
