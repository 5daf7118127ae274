"""The toy strategy in the configuration; runs only where the recipe has put it."""

from pathlib import Path

from trading_pipeline.adapters.parameters.strategies import load_strategies


def test_the_configuration_runs_it() -> None:
    assert "weathercock" in [plan.strategy.name for plan in load_strategies(Path("config"))]
