"""What to replay, and the configuration that a replay runs with."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from trading_pipeline.adapters.parameters.costs import load_costs
from trading_pipeline.adapters.parameters.universe import load_universe
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.model.universe import Universe
from trading_pipeline.runtime.supervision.embedded import free_port
from trading_pipeline.runtime.supervision.preflight import Check, api_checks, machine_checks, refuse_untraded, require
from trading_pipeline.runtime.supervision.state_folder import empty, held, refuse_foreign
from trading_pipeline.runtime.supervision.subprocess_tasks import check_parameters
from trading_pipeline.runtime.supervision.system import cost_arguments
from trading_pipeline.settings import GivenSettings

if TYPE_CHECKING:
    from trading_pipeline.domain.strategies.framework.base import Strategy

_LIFECYCLE: Mapping[str, object] = {
    "targets": [{"r_multiple": 1, "fraction": 0.4}, {"r_multiple": 2, "fraction": 0.4}],
    "runner": {"fraction": 0.2, "atr_multiple": 3, "atr_period": 14},
}
"""Of a strategy that has no file in the configuration yet: a user's own."""


@dataclass(frozen=True, slots=True)
class ReplayedStrategy:
    """The one strategy that is replayed.

    :param parameters: in place of those in its file; the others keep the file's values.
    """

    name: str
    parameters: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReplayPlan:
    """What to replay.

    :param bars_dir: folder of recorded bars; ``None`` generates them from ``seed``.
    :param start: first day to replay, midnight UTC; the backfill fills the days before it.
    :param port: of the Dagster UI.
    :param state_dir: emptied first; databases, logs and the run's own configuration.
    :param timeframes: empty for those of ``universe.yaml``.
    :param strategy: ``None`` for the strategies that the configuration enables.
    :param balance: initial USDT.
    :param api_port: of the API that is started when the replay is over; 0: none.
    """

    bars_dir: Path | None
    seed: int
    instrument_ids: tuple[InstrumentId, ...]
    start: datetime
    days: float
    backfill_days: int
    port: int
    state_dir: Path
    timeframes: tuple[Timeframe, ...] = ()
    strategy: ReplayedStrategy | None = None
    balance: Decimal = Decimal(10_000)
    api_port: int = 0

    @property
    def source(self) -> str:
        """The bars in words."""
        return f"recorded bars of {self.bars_dir.name}" if self.bars_dir else f"generated bars, seed {self.seed}"

    @property
    def since(self) -> datetime:
        """Closing instants after it (UTC) are the replay's: the first wave is the one that closes at ``start``."""
        return self.start - timedelta(milliseconds=1)

    @property
    def end(self) -> datetime:
        """The last close to replay, UTC."""
        return self.start + timedelta(days=self.days)

    @property
    def config_dir(self) -> Path:
        """The run's own configuration."""
        return self.state_dir / "config"

    def settings(self) -> GivenSettings:
        """Settings of the replayed system, which knows no other."""
        return GivenSettings(
            TRADING_STATE_DIR=self.state_dir, TRADING_CONFIG_DIR=self.config_dir, TRADING_API_PORT=self.api_port
        )

    def exchange_arguments(self, universe: Universe) -> list[str]:
        """How the simulated exchange is started; it charges what the run's own configuration says."""
        source = ["--bars", str(self.bars_dir)] if self.bars_dir else ["--seed", str(self.seed)]
        return [
            *source,
            *("--symbols", ",".join(one.symbol for one in self.instrument_ids)),
            *("--port", str(free_port())),
            *("--start", self.start.isoformat()),
            *("--lock-step", str(universe.finest)),
            *("--balance", str(self.balance)),
            # What the plain backtest counts, so that the two can be held against each other.
            *("--profile", "ideal"),
            *cost_arguments(load_costs(self.config_dir)),
        ]


@contextmanager
def prepared(plan: ReplayPlan, config_dir: Path) -> Iterator[Universe]:
    """Hold the state folder and prepare it.

    :param config_dir: the configuration that the replay's own is made of.
    :raises ConfigurationError: something has to be mended first; see ``prepare`` for the rest.
    """
    require(
        [
            Check("configuration", lambda: check_parameters(config_dir)),
            Check("symbols", lambda: refuse_untraded(plan.instrument_ids)),
            Check("days", lambda: refuse_future_end(plan)),
            Check("state folder", lambda: refuse_foreign(plan.state_dir)),
            *machine_checks(plan.state_dir, plan.port, redis_url=""),
            *api_checks(plan.api_port, "--api-port"),
        ]
    )
    with held(plan.state_dir):
        yield prepare(plan, config_dir)


def refuse_future_end(plan: ReplayPlan) -> None:
    """Make sure that what is replayed is past.

    :raises ConfigurationError: it is not.
    """
    if plan.end > datetime.now(UTC):
        raise ConfigurationError(f"the replay would end at {plan.end:%Y-%m-%d}, after today; start it earlier")


def prepare(plan: ReplayPlan, config_dir: Path) -> Universe:
    """Empty the state folder and write the replay's own configuration into it.

    :raises ConfigurationError: a strategy or a parameter of one does not exist.
    """
    if plan.strategy is not None:
        # Before anything is emptied: a name that does not exist must not cost the last replay.
        _built(config_dir, plan.strategy.name, {})
    empty(plan.state_dir)
    shutil.copytree(config_dir, plan.config_dir)
    _write_universe(plan)
    universe = load_universe(plan.config_dir)
    if plan.strategy is not None:
        _write_strategies(plan.config_dir, plan.strategy, universe.timeframes)
    return universe


def _write_universe(plan: ReplayPlan) -> None:
    path = plan.config_dir / "universe.yaml"
    content = yaml.safe_load(path.read_text())
    first = plan.start - timedelta(days=plan.backfill_days)
    content.update(symbols=[one.symbol for one in plan.instrument_ids], history_start=first.date())
    if plan.timeframes:
        content["timeframes"] = [timeframe.value for timeframe in plan.timeframes]
    path.write_text(yaml.safe_dump(content))


def _write_strategies(config_dir: Path, chosen: ReplayedStrategy, timeframes: tuple[Timeframe, ...]) -> None:
    """Enable the chosen strategy on every timeframe, and nothing else."""
    folder = config_dir / "strategies"
    contents = {path: yaml.safe_load(path.read_text()) for path in sorted(folder.glob("*.yaml"))}
    mine = next((path for path, content in contents.items() if content["strategy"] == chosen.name), None)
    path = mine or folder / f"{chosen.name}.yaml"
    content = contents.setdefault(
        path, {"strategy": chosen.name, "parameters": {}, "lifecycle": dict(_LIFECYCLE), "enabled": True}
    )
    for other in contents.values():
        other["enabled"] = False
    given = {**content["parameters"], **chosen.parameters}
    typed = _built(config_dir, chosen.name, given).parameters
    # a document stays the name that it is given by
    documents = {spec.name for spec in fields(typed) if "document" in spec.metadata}
    values = {name: given[name] if name in documents else getattr(typed, name) for name in given}
    content.update(enabled=True, timeframes=[timeframe.value for timeframe in timeframes], parameters=values)
    # The replay's own symbols are the universe, and every timeframe is traded: lists of the file could leave some out.
    for narrowing in ("symbols", "watched"):
        content.pop(narrowing, None)
    for written, content in contents.items():
        written.write_text(yaml.safe_dump(content, sort_keys=False))


def _built(config_dir: Path, name: str, parameters: dict[str, object]) -> "Strategy":
    # here alone: strategies bring pandas, which a demo of what the configuration enables does without
    from trading_pipeline.adapters.parameters.strategy_files import find_strategy

    return find_strategy(config_dir, name, parameters)
