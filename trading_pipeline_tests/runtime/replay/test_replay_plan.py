"""A replay runs with a configuration of its own, and refuses what it could not replay."""

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from trading_pipeline.adapters.parameters.strategies import load_strategies
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.runtime.replay.replay_plan import ReplayedStrategy, ReplayPlan, prepare, refuse_future_end

CONFIG = Path(__file__).resolve().parents[3] / "config"


@pytest.fixture
def plan(tmp_path: Path) -> ReplayPlan:
    state = tmp_path / "state"
    state.mkdir()
    start = datetime(2025, 6, 2, tzinfo=UTC)
    return ReplayPlan(
        None, 7, (InstrumentId("BTCUSDT.BYBIT"),), start, 1, 60, 3000, state, (Timeframe.H4,), ReplayedStrategy("rsi")
    )


def test_only_the_chosen_strategy_is_enabled_on_every_replayed_timeframe(plan: ReplayPlan) -> None:
    universe = prepare(plan, CONFIG)
    assert (universe.instrument_ids, universe.timeframes) == ((InstrumentId("BTCUSDT.BYBIT"),), (Timeframe.H4,))
    (found,) = load_strategies(plan.config_dir)
    assert (found.strategy.name, found.timeframes, found.instrument_ids) == ("rsi", (Timeframe.H4,), ())


def test_parameters_come_from_its_file_but_for_those_that_are_given(plan: ReplayPlan) -> None:
    prepare(replace(plan, strategy=ReplayedStrategy("rsi", {"oversold": "35"})), CONFIG)
    (found,) = load_strategies(plan.config_dir)
    filed = yaml.safe_load(Path("config/strategies/rsi.yaml").read_text())["parameters"]
    shown = {name: getattr(found.strategy.parameters, name) for name in filed}
    assert shown == {**filed, "oversold": 35.0}


def test_a_model_is_replayed_under_its_name(plan: ReplayPlan, tmp_path: Path) -> None:
    given = tmp_path / "config"
    shutil.copytree(CONFIG, given)
    (given / "models").mkdir()
    model = {"feature_order": ["rsi_14"], "weights": [1], "bias": 0, "mean": [50], "std": [10]}
    (given / "models" / "toy.json").write_text(json.dumps({**model, "clip_min": -3, "clip_max": 3}))
    chosen = ReplayedStrategy("fused_score", {"model": "toy", "higher": "4h"})
    prepare(replace(plan, strategy=chosen), given)
    (found,) = load_strategies(plan.config_dir)
    assert found.strategy.parameters.model.features == ("rsi_14",)  # type: ignore[attr-defined]


def test_history_begins_with_the_backfill(plan: ReplayPlan) -> None:
    assert prepare(plan, CONFIG).history_start == datetime(2025, 4, 3, tzinfo=UTC)


def test_without_a_strategy_the_configuration_decides(plan: ReplayPlan) -> None:
    prepare(replace(plan, strategy=None, timeframes=()), CONFIG)
    enabled = {one.strategy.name for one in load_strategies(CONFIG)}
    assert {one.strategy.name for one in load_strategies(plan.config_dir)} == enabled


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"strategy": ReplayedStrategy("rsl")}, "did you mean rsi"),
        ({"strategy": ReplayedStrategy("rsi", {"oversol": "35"})}, "did you mean oversold"),
    ],
)
def test_what_cannot_be_replayed_is_refused(plan: ReplayPlan, changes: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        prepare(replace(plan, **changes), CONFIG)  # type: ignore[arg-type]


def test_a_replay_that_would_end_after_today_is_refused(plan: ReplayPlan) -> None:
    with pytest.raises(ConfigurationError, match="after today; start it earlier"):
        refuse_future_end(replace(plan, days=1e5))


def test_the_exchange_steps_by_the_finest_timeframe(plan: ReplayPlan) -> None:
    several = replace(plan, timeframes=(Timeframe.H4, Timeframe.H1))
    arguments = several.exchange_arguments(prepare(several, CONFIG))
    assert arguments[arguments.index("--lock-step") + 1] == "1h"
    assert arguments[:2] == ["--seed", "7"]


def test_a_replay_fills_as_its_backtest_counts(plan: ReplayPlan) -> None:
    arguments = plan.exchange_arguments(prepare(plan, CONFIG))
    assert arguments[arguments.index("--profile") + 1] == "ideal"


def test_the_exchange_charges_what_the_runs_configuration_says(plan: ReplayPlan, tmp_path: Path) -> None:
    given = tmp_path / "config"
    shutil.copytree(CONFIG, given)
    fees = {"maker_fee_bps": 1, "taker_fee_bps": 3.5, "slippage_bps": 2}
    funding = {"rate": -0.0002, "interval_hours": 4}
    (given / "costs.yaml").write_text(yaml.safe_dump({**fees, "funding": funding}))
    richer = replace(plan, balance=Decimal(50_000))
    arguments = richer.exchange_arguments(prepare(richer, given))
    told = dict(zip(arguments[::2], arguments[1::2], strict=True))
    assert told["--balance"] == "50000"
    names = ("maker-fee-bps", "taker-fee-bps", "slippage-bps", "funding-rate", "funding-interval-hours")
    assert [float(told[f"--{name}"]) for name in names] == [1, 3.5, 2, -0.0002, 4]
