import re
import sys
from pathlib import Path

import pytest

from trading_pipeline.adapters.parameters.strategy_files import available_strategies, find_strategy
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.strategies.framework.checks import look_ahead
from trading_pipeline.services.research.sample_bars import sample_bars
from trading_pipeline_tests.architecture.source_tree import ROOT

OWN = """
from dataclasses import dataclass, field
from typing import ClassVar

from trading_pipeline.domain.strategies.framework import arrays
from trading_pipeline.domain.strategies.framework.arrays import BarArrays, Decisions
from trading_pipeline.domain.strategies.framework.parameters import Parameters, ranged


@dataclass(frozen=True, slots=True)
class OwnParameters(Parameters):
    period: int = ranged(5, 1, 50)


@dataclass(frozen=True)
class Own(arrays.ArrayStrategy):
    name: ClassVar[str] = "own"
    parameters: OwnParameters = field(default_factory=OwnParameters)

    @property
    def warmup_bars(self) -> int:
        return self.parameters.period

    def decide(self, bars: BarArrays) -> Decisions:
        return arrays.decisions_with_atr_stop(bars, (bars.close > 0).astype(int), bars.close * 0.01, 1.0, {})
"""


def _config(tmp_path: Path, name: str, text: str) -> Path:
    folder = tmp_path / "strategies"
    folder.mkdir()
    (folder / f"{name}.py").write_text(text)
    return tmp_path


def test_a_file_beside_the_configuration_is_found_by_name(tmp_path: Path) -> None:
    config = _config(tmp_path, "own", OWN)
    assert "own" in available_strategies(config)
    assert find_strategy(config, "own", {"period": "7"}).warmup_bars == 7


@pytest.mark.parametrize(
    ("page", "name", "parameters"), [("docs/strategies.md", "dip", {"drop": 0.01}), ("README.md", "breakout", {})]
)
def test_a_strategy_in_the_documentation_runs_as_it_stands(
    tmp_path: Path, page: str, name: str, parameters: dict[str, object]
) -> None:
    (program,) = re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)
    strategy = find_strategy(_config(tmp_path, name, program), name, parameters)
    bars = sample_bars("BTCUSDT", Timeframe.H1, 3000)
    assert len(strategy.signals(bars)) > 0
    assert look_ahead(strategy, bars) == []


def test_the_projects_own_strategies_are_found_too(tmp_path: Path) -> None:
    assert find_strategy(tmp_path, "ema_atr", {"fast_period": 5}).name == "ema_atr"


@pytest.mark.parametrize(
    ("name", "text", "asked", "message"),
    [
        ("own", OWN, "onw", "did you mean own"),
        ("other", OWN, "other", "must define one Strategy with name = 'other'; it defines: own"),
        ("own", "x = 1", "own", "it defines: none"),
        ("own", "def broken(:", "own", "cannot be imported"),
        ("own", "import no_such_module", "own", "no_such_module"),
        ("ema_atr", OWN, "ema_atr", "comes from the project and from"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_file(
    tmp_path: Path, name: str, text: str, asked: str, message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        find_strategy(_config(tmp_path, name, text), asked, {})


def test_parameters_of_a_users_strategy_are_checked(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="did you mean period"):
        find_strategy(_config(tmp_path, "own", OWN), "own", {"perod": 3})


def test_an_installed_package_offers_strategies_by_entry_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "site"
    info = package / "own_strategies-1.0.dist-info"
    info.mkdir(parents=True)
    (package / "own_strategies_module.py").write_text(OWN)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: own-strategies\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[trading_pipeline.strategies]\nown = own_strategies_module:Own\n")
    monkeypatch.setattr(sys, "path", [str(package), *sys.path])
    assert find_strategy(tmp_path, "own", {}).name == "own"
