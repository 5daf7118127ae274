"""The project as the definitions read it: parsed where nobody has, and anew where somebody changed it."""

import shutil
from pathlib import Path

import pytest

from trading_pipeline.adapters.marts_manifest import load_manifest
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline_tests.dbt_project.conftest import PROJECT


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A checkout that nobody has parsed."""
    return Path(shutil.copytree(PROJECT, tmp_path / "project", ignore=shutil.ignore_patterns("target", "logs")))


def test_an_unparsed_project_is_parsed_and_a_changed_one_again(project: Path) -> None:
    models = {model.name: model for model in load_manifest(project).models}
    assert models["fct_closed_trades"].reads_models == tuple(sorted(models.keys() - {"fct_closed_trades"}))
    assert models["stg_trading__fills"].reads_tables == ("fills",)
    manifest = project / "target" / "manifest.json"
    first = manifest.stat().st_mtime_ns
    load_manifest(project)
    assert manifest.stat().st_mtime_ns == first
    (project / "models" / "marts" / "fct_fills.sql").write_text("select * from {{ ref('stg_trading__fills') }}")
    assert {model.name for model in load_manifest(project).models} == {*models, "fct_fills"}


def test_a_project_that_dbt_cannot_parse_is_refused_in_one_line(project: Path) -> None:
    (project / "models" / "marts" / "broken.sql").write_text("select * from {{ ref('nothing') }}")
    with pytest.raises(ConfigurationError, match=r"dbt cannot parse .*project; mend the project: .*nothing"):
        load_manifest(project)
    assert list((project / "target").iterdir()) == []


def test_a_folder_without_project_is_left_alone(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="TRADING_DBT_PROJECT_DIR"):
        load_manifest(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_test_stands_beside_the_nearest_model() -> None:
    beside = {test.name: test.model for test in load_manifest(PROJECT).tests}
    assert beside["unique_stg_trading__fills_fill_id"] == "stg_trading__fills"
    assert beside["assert_closed_positions_are_flat"] == "fct_closed_trades"
    relationship = "source_relationships_trading_positions_plan_id__plan_id__source_trading_trade_plans_"
    assert beside[relationship] == "stg_trading__positions"
