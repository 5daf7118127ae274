from pathlib import Path

import pytest
import yaml

from trading_pipeline.domain.strategies.registry import strategy_named, strategy_names

FOLDER = Path(__file__).parents[3] / "config" / "strategies"
FILES = sorted(FOLDER.glob("*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_shipped_config_states_every_parameter_with_its_default(path: Path) -> None:
    config = yaml.safe_load(path.read_text())
    assert config["strategy"] == path.stem
    strategy = strategy_named(path.stem, config["parameters"])
    assert strategy == strategy_named(path.stem, {})


def test_every_strategy_ships_with_a_config() -> None:
    assert {path.stem for path in FILES} >= set(strategy_names())
