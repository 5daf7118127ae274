"""The limits of risk.yaml: sections, profiles, and 0 for off."""

import re
import shutil
from dataclasses import fields, is_dataclass
from datetime import time
from decimal import Decimal
from pathlib import Path

import pytest

from trading_pipeline.adapters.parameters.research import researched_strategy
from trading_pipeline.adapters.parameters.risk import load_risk
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.risk.gate import live_only
from trading_pipeline.domain.risk.limit_sections import CircuitLimits, NewsWindow
from trading_pipeline.domain.risk.limits import RiskLimits
from trading_pipeline_tests.architecture.source_tree import ROOT
from trading_pipeline_tests.testkit.execution_lab import LIMITS

PROFILES = ("conservative", "balanced", "aggressive")
PLAIN = """\
risk_per_trade: 0.005
max_open_positions: 3
max_leverage: 5
max_daily_loss: 0.05
cooldown_bars: 1
max_wallet_age_s: 10
plan_ttl_bars: 1
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "config" / "risk", tmp_path / "risk")
    return tmp_path


def load(folder: Path, text: str) -> RiskLimits:
    (folder / "risk.yaml").write_text(text)
    return load_risk(folder)


def test_the_shipped_limits_are_those_that_a_backtest_asks_too() -> None:
    shipped = load_risk(ROOT / "config")
    assert shipped == LIMITS
    assert live_only(shipped) == ()


def test_zero_switches_daily_loss_and_position_count_off(folder: Path) -> None:
    limits = load(folder, PLAIN.replace("0.05\n", "0\n").replace("positions: 3", "positions: 0"))
    assert (limits.max_daily_loss, limits.max_open_positions) == (0, 0)


def test_sections_are_read_with_their_units(folder: Path) -> None:
    limits = load(
        folder,
        PLAIN
        + """\
circuit: {soft: 0.02, hard: 0.04}
cooldowns: {bars: {1h: 2, 4h: 1}, anti_churn_s: 900}
portfolio: {correlation_groups: [[btc, eth]], max_symbol_risk_r: {btcusdt: 1.5}}
market: {news_windows: ["12:00-12:10", "23:50-00:10"], regime: true}
""",
    )
    assert limits.circuit == CircuitLimits(Decimal("0.02"), Decimal("0.04"))
    assert [limits.cooldown_of(one) for one in (Timeframe.M15, Timeframe.H1, Timeframe.H4)] == [1, 2, 1]
    assert limits.portfolio.correlation_groups == (("BTC", "ETH"),)
    assert limits.portfolio.max_symbol_risk_r == {"BTCUSDT": Decimal("1.5")}
    assert limits.market.news_windows[1] == NewsWindow(time(23, 50), time(0, 10))


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_alone_is_enough(folder: Path, name: str) -> None:
    limits = load(folder, f"profile: {name}\n")
    assert limits.circuit.soft < limits.circuit.hard
    assert "circuit_hard" in live_only(limits)


def test_profiles_allow_more_from_one_to_the_next(folder: Path) -> None:
    found = [load(folder, f"profile: {name}\n") for name in PROFILES]
    for of in (
        lambda limits: limits.risk_per_trade,
        lambda limits: limits.max_open_positions,
        lambda limits: limits.max_daily_loss,
        lambda limits: limits.circuit.hard,
        lambda limits: limits.losses.max_drawdown,
        lambda limits: limits.activity.max_orders_day,
        lambda limits: limits.market.max_spread_bps,
    ):
        values = [of(limits) for limits in found]
        assert values == sorted(values)


def test_a_key_of_the_file_takes_the_place_of_the_profiles(folder: Path) -> None:
    base = load(folder, "profile: balanced\n")
    limits = load(
        folder, "profile: balanced\nmax_leverage: 3\ncircuit: {hard: 0.05}\nsizing: {model: fixed, fixed_amount: 50}\n"
    )
    assert (limits.max_leverage, limits.circuit) == (3, CircuitLimits(base.circuit.soft, Decimal("0.05")))
    assert limits.sizing is not None
    assert limits.losses == base.losses


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("profile: brave\n", "profile = 'brave': one of conservative, balanced, aggressive"),
        ("circuit: {soft: 0.05, hard: 0.02}\n", "soft 0.05 must not exceed hard 0.02"),
        ("profile: balanced\ncircuit: {soft: 0.05}\n", "soft 0.05 must not exceed hard 0.04"),
        ("circuit: {soft: 2}\n", "circuit.soft = 2"),
        ("circuit: {sofft: 0.02}\n", "unknown key 'circuit.sofft'; did you mean soft?"),
        ("losses: {max_drawdown: -0.1}\n", "losses.max_drawdown = -0.1"),
        ("portfolio: {correlation_groups: [[BTC]]}\n", "a group of BTC correlates with nothing"),
        ("market: {news_windows: ['12-13']}\n", "'12-13' is no stretch of a UTC day"),
        ("market: {news_windows: ['24:00-25:00']}\n", "is no stretch of a UTC day"),
        ("cooldowns: {bars: {2h: 1}}\n", "cooldowns.bars.2h"),
        ("orders: {min_order_value: 20, max_order_value: 10}\n", "min_order_value 20 must not exceed 10"),
        ("pause: {error_rate: 0.1}\n", "resume_error_rate 0.2 must lie below error_rate 0.1"),
        ("pause: {latency_ms: 500}\n", "resume_latency_ms 1000 must lie below latency_ms 500"),
    ],
)
def test_a_mistake_names_file_key_and_rule(folder: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(folder, text if text.startswith("profile") else PLAIN + text)
    assert "risk.yaml" in str(caught.value)
    assert message in str(caught.value)


def test_a_profile_that_is_broken_or_gone_is_named(folder: Path) -> None:
    (folder / "risk" / "balanced.yaml").write_text(PLAIN.replace("max_leverage: 5", "max_leverage: 500"))
    with pytest.raises(ConfigurationError, match=r"balanced\.yaml: max_leverage = 500"):
        load(folder, "profile: balanced\n")
    (folder / "risk" / "balanced.yaml").unlink()
    with pytest.raises(ConfigurationError, match=r"balanced\.yaml cannot be read"):
        load(folder, "profile: balanced\n")


def test_every_limit_stands_in_the_shipped_file_with_its_unit() -> None:
    told = (ROOT / "config" / "risk.yaml").read_text()
    limits = load_risk(ROOT / "config")
    for spec in fields(limits):
        section = getattr(limits, spec.name)
        names = [one.name for one in fields(section)] if is_dataclass(section) else [spec.name]
        for name in (spec.name, *names):
            assert re.search(rf"^[# ]*{name}:", told, re.MULTILINE), f"config/risk.yaml says nothing of {name}"


def test_research_names_the_live_rules_it_skips(folder: Path) -> None:
    shutil.copytree(ROOT / "config" / "strategies", folder / "strategies")
    for name in ("costs.yaml", "universe.yaml"):
        shutil.copy(ROOT / "config" / name, folder / name)
    load(folder, PLAIN + "circuit: {soft: 0.02}\ncooldowns: {bars: {1h: 2}}\n")
    assert researched_strategy(folder, "divergence", {}).assumed == (
        "no circuit_soft, which only the live gate asks",
        "cooldown_bars 1 on every timeframe",
    )
