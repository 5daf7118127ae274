import subprocess
import sys

import pytest

from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.strategies.registry import strategy_class, strategy_named, strategy_names


@pytest.mark.parametrize("name", strategy_names())
def test_every_registered_name_builds_a_strategy_of_that_name(name: str) -> None:
    strategy = strategy_named(name, {})
    assert strategy.name == strategy_class(name).name == name
    assert strategy.warmup_bars > 0


def test_a_misspelt_strategy_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(ConfigurationError, match="did you mean ema_atr"):
        strategy_named("ema_art", {})


def test_parameters_reach_the_strategy() -> None:
    assert strategy_named("ema_atr", {"fast_period": "5"}) != strategy_named("ema_atr", {})


def test_importing_the_registry_does_not_compile_anything() -> None:
    code = "import sys, trading_pipeline.domain.strategies.registry; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
