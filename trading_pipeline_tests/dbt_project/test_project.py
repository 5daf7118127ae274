"""The dbt project as files: it parses without a database, is described, and knows the domain's words."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from trading_pipeline.domain.model.fills import FillKind
from trading_pipeline.domain.model.positions import ExitReason, PositionStatus
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline_tests.dbt_project.conftest import PROJECT, Dbt

WORDS = {"status": PositionStatus, "kind": FillKind, "timeframe": Timeframe, "bias": Bias, "exit_reason": ExitReason}


def test_the_manifest_is_made_without_a_database(dbt: Dbt, tmp_path: Path) -> None:
    parsed = dbt("parse", TRADING_DB_HOST="192.0.2.1", TRADING_DB_PORT="1")
    assert parsed.returncode == 0, parsed.stdout
    manifest = json.loads((tmp_path / "target" / "manifest.json").read_text())
    assert "model.trading_marts.fct_closed_trades" in manifest["nodes"]


def test_the_profile_holds_no_address_of_its_own() -> None:
    profile = yaml.safe_load((PROJECT / "profiles.yml").read_text())["trading_marts"]["outputs"]["default"]
    for name in ("host", "port", "user", "password", "dbname"):
        assert profile[name].startswith("{{ env_var('TRADING_DB_")


@pytest.mark.parametrize("model", sorted(PROJECT.glob("models/**/*.sql")), ids=lambda path: path.stem)
def test_every_model_and_column_is_described(model: Path) -> None:
    entries = {str(entry["name"]): entry for entry in _model_entries()}
    entry = entries[model.stem]
    assert entry["description"]
    columns = entry["columns"]
    assert isinstance(columns, list)
    assert columns
    assert all(column["description"] for column in columns)


def test_accepted_values_are_the_domains_own_words() -> None:
    accepted = [
        (str(column["name"]), test["accepted_values"]["arguments"]["values"])
        for entry in _model_entries()
        for column in entry["columns"]  # type: ignore[attr-defined]
        for test in column.get("data_tests", [])
        if isinstance(test, dict) and "accepted_values" in test
    ]
    assert {name for name, _ in accepted} == set(WORDS)
    for name, values in accepted:
        assert values == [str(word) for word in WORDS[name]], name


def _model_entries() -> Iterator[dict[str, object]]:
    for path in PROJECT.glob("models/**/*.yml"):
        yield from yaml.safe_load(path.read_text()).get("models", [])
