"""Parameter files are read whole or refused by name."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from trading_pipeline.adapters.parameters.risk import load_risk
from trading_pipeline.adapters.parameters.strategies import load_strategies
from trading_pipeline.adapters.parameters.strategy_files import find_strategy
from trading_pipeline.adapters.parameters.universe import instrument_named, load_universe
from trading_pipeline.domain.model.entry_orders import EntryOrder
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.guards import EntryGuards
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.orders import OrderType
from trading_pipeline.domain.model.plans import FundingExitRule
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.portfolio.sizing import SizingModel, SizingRule
from trading_pipeline_tests.adapters.parameters.test_strategy_files import OWN

CONFIG = Path(__file__).resolve().parents[3] / "config"
UNIVERSE = "venue: bybit\nhistory_start: 2025-01-01\nsymbols: [BTCUSDT, SOLUSDT]\ntimeframes: [1h, 15m]\n"
RISK = """
risk_per_trade: 0.005
max_open_positions: 3
max_leverage: 5
max_daily_loss: 0.05
cooldown_bars: 1
max_wallet_age_s: 10
plan_ttl_bars: 1
"""
COSTS = "maker_fee_bps: 2\ntaker_fee_bps: 5.5\nslippage_bps: 0\nfunding: {rate: 0.0001, interval_hours: 8}\n"
SIZED = "plan_ttl_bars: 1\nsizing: {}"
STRATEGY = """
strategy: ema_atr
enabled: true
timeframes: [15m]
parameters: {fast_period: 5, slow_period: 20}
lifecycle:
  targets: [{r_multiple: 1, fraction: 0.4}, {r_multiple: 2, fraction: 0.4}]
  runner: {fraction: 0.2, atr_multiple: 3, atr_period: 14}
"""
GUARDS = """
guards:
  max_spread_bps: 5
  min_depth_usdt: 1000000
  max_book_age_s: 5
  min_minutes_to_funding: 15
  enter_within_s: 5
"""
ONE = "strategy: ema_atr\nenabled: true\ntimeframes: [15m]\nparameters: {fast_period: 5, slow_period: 20}"
FUSED = ONE.replace("ema_atr", "fused_score").replace("{fast_period: 5, slow_period: 20}", "{}")
DISABLED = STRATEGY.replace("enabled: true", "enabled: false")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "strategies").mkdir()
    (tmp_path / "universe.yaml").write_text(UNIVERSE)
    (tmp_path / "risk.yaml").write_text(RISK)
    (tmp_path / "costs.yaml").write_text(COSTS)
    (tmp_path / "strategies" / "one.yaml").write_text(STRATEGY)
    return tmp_path


def test_the_universe_is_read_with_its_timeframes_shortest_first(folder: Path) -> None:
    universe = load_universe(folder)
    assert universe.history_start == datetime(2025, 1, 1, tzinfo=UTC)
    assert universe.instrument_ids == ("BTCUSDT.BYBIT", "SOLUSDT.BYBIT")
    assert universe.timeframes == (Timeframe.M15, Timeframe.H1)


def test_limits_are_the_decimals_that_were_written(folder: Path) -> None:
    limits = load_risk(folder)
    assert (limits.risk_per_trade, limits.max_leverage) == (Decimal("0.005"), Decimal(5))


@pytest.mark.parametrize("section", ["", "sizing: {model: risk}"])
def test_without_a_model_entries_are_sized_by_risk(folder: Path, section: str) -> None:
    (folder / "risk.yaml").write_text(RISK + section)
    assert load_risk(folder).sizing is None


@pytest.mark.parametrize(
    ("section", "rule"),
    [
        ("{model: fixed, fixed_amount: 50}", SizingRule(SizingModel.FIXED, fixed_amount=Decimal(50))),
        (
            "{model: fractional, fraction: 0.1, max_amount: 500}",
            SizingRule(SizingModel.FRACTIONAL, fraction=Decimal("0.1"), max_amount=Decimal(500)),
        ),
        (
            "{model: volatility, fraction: 0.1, target_volatility_pct: 0.7}",
            SizingRule(SizingModel.VOLATILITY, fraction=Decimal("0.1"), target_volatility_pct=Decimal("0.7")),
        ),
        (
            "{model: kelly, fraction: 0.1, win_rate: 0.6, average_win_pct: 2, average_loss_pct: 1.5}",
            SizingRule(
                SizingModel.KELLY,
                fraction=Decimal("0.1"),
                win_rate=Decimal("0.6"),
                average_win_pct=Decimal(2),
                average_loss_pct=Decimal("1.5"),
            ),
        ),
    ],
)
def test_a_sizing_model_is_read_with_its_numbers(folder: Path, section: str, rule: SizingRule) -> None:
    (folder / "risk.yaml").write_text(f"{RISK}sizing: {section}\n")
    assert load_risk(folder).sizing == rule


def test_the_next_bar_exit_is_off_unless_the_file_says_otherwise(folder: Path) -> None:
    path = folder / "strategies" / "one.yaml"
    told = STRATEGY.replace("ema_atr", "divergence").replace("{fast_period: 5, slow_period: 20}", "{}")
    for text, on in ((told, False), (told + "  next_bar_exit: true\n", True)):
        path.write_text(text)
        assert [plan.lifecycle.next_bar_exit for plan in load_strategies(folder)] == [on]


def test_several_signals_may_make_up_a_position(folder: Path) -> None:
    path = folder / "strategies" / "one.yaml"
    path.write_text(STRATEGY + "  max_layers: 3\n")
    assert [plan.lifecycle.exit_rules.max_layers for plan in load_strategies(folder)] == [3]


def test_a_file_may_leave_before_funding(folder: Path) -> None:
    path = folder / "strategies" / "one.yaml"
    path.write_text(STRATEGY + "  funding_exit: {minutes: 15}\n")
    assert [plan.lifecycle.exit_rules.funding_exit for plan in load_strategies(folder)] == [FundingExitRule(15)]


def test_a_file_may_enter_by_limit_orders(folder: Path) -> None:
    path = folder / "strategies" / "one.yaml"
    path.write_text(STRATEGY + "  entry_order: {order_type: limit, timeout_s: 30, market_fallback: false}\n")
    assert [plan.lifecycle.entry_order for plan in load_strategies(folder)] == [
        EntryOrder(OrderType.LIMIT, timeout_s=30, market_fallback=False)
    ]


def test_strategies_are_built_with_their_parameters_and_lifecycle(folder: Path) -> None:
    [plan] = load_strategies(folder)
    assert plan.strategy.name == "ema_atr"
    assert [target.r_multiple for target in plan.lifecycle.targets] == [1, 2]
    assert plan.covers("SOLUSDT", Timeframe.M15)
    assert not plan.covers("SOLUSDT", Timeframe.H1)


def test_a_file_may_guard_the_moment_of_its_entries(folder: Path) -> None:
    [plan] = load_strategies(folder)
    assert plan.guards is None
    (folder / "strategies" / "one.yaml").write_text(STRATEGY + GUARDS)
    [plan] = load_strategies(folder)
    assert plan.guards == EntryGuards(Decimal(5), Decimal(1_000_000), 5, 15, 5)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("max_spread_bps: 5", "max_spread: 5", "did you mean max_spread_bps?"),
        ("max_spread_bps: 5", "max_spread_bps: -1", "guards.max_spread_bps = -1"),
        ("  enter_within_s: 5", "", "key 'guards.enter_within_s' is missing"),
    ],
)
def test_half_a_guard_is_refused(folder: Path, old: str, new: str, message: str) -> None:
    (folder / "strategies" / "one.yaml").write_text(STRATEGY + GUARDS.replace(old, new))
    with pytest.raises(ConfigurationError) as caught:
        load_strategies(folder)
    assert message in str(caught.value)


def test_levels_and_layers_of_one_position_are_refused(folder: Path) -> None:
    grid = STRATEGY.replace("ema_atr", "avi5").replace("{fast_period: 5, slow_period: 20}", "{entry_levels: 3}")
    (folder / "strategies" / "one.yaml").write_text(grid)
    assert load_strategies(folder)[0].strategy.trade_rules.entry_levels == 3
    (folder / "strategies" / "one.yaml").write_text(grid.replace("lifecycle:", "lifecycle:\n  max_layers: 2"))
    with pytest.raises(ConfigurationError, match=r"one\.yaml: avi5 enters in 3 levels, and by max_layers = 2 signals"):
        load_strategies(folder)


def test_a_disabled_strategy_need_not_fit_the_universe(folder: Path) -> None:
    (folder / "strategies" / "two.yaml").write_text(DISABLED.replace("[15m]", "[1d]"))
    assert len(load_strategies(folder)) == 1


def test_a_disabled_strategy_does_not_load_its_code(folder: Path) -> None:
    (folder / "strategies" / "own.py").write_text("raise RuntimeError('loaded')")
    (folder / "strategies" / "two.yaml").write_text(DISABLED.replace("ema_atr", "own"))
    assert len(load_strategies(folder)) == 1


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("ema_atr", "ema_art", "did you mean ema_atr?"),
        ("timeframes", "timeframe", "did you mean timeframes?"),
        ("{fast_period: 5, slow_period: 20}", "[5, 20]", r"parameters = \[5, 20\]"),
        ("fraction: 0.2", "fraction: 0.3", "add up to 1.1"),
    ],
)
def test_the_shape_of_a_disabled_file_is_checked(folder: Path, old: str, new: str, message: str) -> None:
    (folder / "strategies" / "two.yaml").write_text(DISABLED.replace(old, new))
    with pytest.raises(ConfigurationError, match=f"two.yaml: .*{message}"):
        load_strategies(folder)


MANAGED = STRATEGY.replace("ema_atr", "managed").replace(
    "{fast_period: 5, slow_period: 20}",
    "{members: [ema_cross, rsi_momentum], mode: weighted, weights: [ema_cross:2]}",
)


def test_a_managed_set_lists_its_members(folder: Path) -> None:
    (folder / "strategies" / "one.yaml").write_text(MANAGED)
    [plan] = load_strategies(folder)
    typed = {"members": "ema_cross,rsi_momentum", "mode": "weighted", "weights": "ema_cross:2"}
    assert plan.strategy == find_strategy(folder, "managed", typed)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[ema_cross, rsi_momentum]", "[ema_cros]", "did you mean ema_cross"),
        ("[ema_cross:2]", "[ema_cross: 2]", "write name:weight"),
        ("[ema_cross:2]", "[rsi:2]", "'rsi' is not among the members"),
    ],
)
def test_a_slip_in_a_managed_set_is_refused_with_its_file(folder: Path, old: str, new: str, message: str) -> None:
    (folder / "strategies" / "one.yaml").write_text(MANAGED.replace(old, new))
    with pytest.raises(ConfigurationError, match=f"one.yaml: .*{message}"):
        load_strategies(folder)


def test_a_users_own_file_runs_by_its_name(folder: Path) -> None:
    (folder / "strategies" / "own.py").write_text(OWN)
    (folder / "strategies" / "two.yaml").write_text(
        STRATEGY.replace("ema_atr", "own").replace("{fast_period: 5, slow_period: 20}", "{period: 7}")
    )
    plans = load_strategies(folder)
    assert {plan.strategy.name: plan.strategy.warmup_bars for plan in plans}["own"] == 7
    assert load_strategies(folder)[1].strategy == plans[1].strategy


def test_a_users_corrected_file_counts_at_next_reading(folder: Path) -> None:
    path = folder / "strategies" / "own.py"
    path.write_text(OWN)
    before = find_strategy(folder, "own", {})
    path.write_text(OWN.replace("ranged(5, 1, 50)", "ranged(11, 1, 50)"))
    assert (before.warmup_bars, find_strategy(folder, "own", {}).warmup_bars) == (5, 11)


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("universe.yaml", "symbols", "symbol", "unknown key 'symbol'; did you mean symbols?"),
        ("universe.yaml", "15m", "7m", "unknown timeframe '7m'"),
        ("universe.yaml", "1h", "8h", "bybit publishes no 8h bars, they are made of 1h bars; add 1h"),
        (
            "universe.yaml",
            "SOLUSDT",
            "sol/usdt",
            "symbols.1 = 'sol/usdt': no symbol; write it as the venue does",
        ),
        ("universe.yaml", "SOLUSDT", "BTCUSDT", "BTCUSDT is listed twice"),
        ("universe.yaml", "[BTCUSDT, SOLUSDT]", "[]", "symbols = []: at least 1 is needed"),
        ("universe.yaml", "bybit", "nasdaq", "venue = 'nasdaq'"),
        ("universe.yaml", "venue: bybit", "", "key 'venue' is missing"),
        ("universe.yaml", "venue: bybit", "venue: bybit\nvenue: bybit", "key 'venue' appears twice"),
        ("universe.yaml", UNIVERSE, "- a", "must contain a mapping"),
        ("universe.yaml", UNIVERSE, "a: [", "not valid YAML"),
        ("risk.yaml", "max_daily_loss", "max_dayly_loss", "did you mean max_daily_loss?"),
        ("risk.yaml", "0.005", "0.5", "risk_per_trade = 0.5"),
        ("costs.yaml", "5.5", "550", "taker_fee_bps = 550"),
        ("costs.yaml", "5.5", "-1", "taker_fee_bps = -1"),
        ("costs.yaml", "maker_fee_bps: 2", "maker_fee_bps: -11", "maker_fee_bps = -11"),
        ("costs.yaml", "0.0001", "0.1", "funding.rate = 0.1"),
        ("costs.yaml", "interval_hours: 8", "interval_hours: 7", "funding.interval_hours = 7: must divide 24"),
        ("strategies/one.yaml", "{fraction: 0.2, ", "{fraction: 0.2, trail: pivot, ", "trail pivot does not read"),
        (
            "strategies/one.yaml",
            "{fraction: 0.2, atr_multiple: 3, atr_period: 14}",
            "{fraction: 0.2, trail: none, trail_at: finest}",
            "trail none does not read trail_at",
        ),
        ("strategies/one.yaml", "lifecycle:", "lifecycle:\n  entry: next_open", "lifecycle.entry = 'next_open'"),
        ("strategies/one.yaml", "lifecycle:", "lifecycle:\n  entry_order: {timeout_s: 5}", "does not read timeout_s"),
        ("strategies/one.yaml", "lifecycle:", "lifecycle:\n  funding_exit: {minutes: 14}", "close every 15 minutes"),
        ("strategies/one.yaml", "lifecycle:", "lifecycle:\n  stop_trigger: mark_price", "lifecycle.stop_trigger"),
        ("strategies/one.yaml", "lifecycle:", "lifecycle:\n  break_even_after_targets: 3", "there are 2 targets"),
        ("risk.yaml", "max_open_positions: 3", "max_open_positions: -1", "max_open_positions = -1"),
        ("risk.yaml", "max_leverage: 5", "max_leverage: many", "max_leverage = 'many'"),
        ("risk.yaml", "plan_ttl_bars: 1", SIZED.format("{model: martingale}"), "sizing.model = 'martingale'"),
        ("risk.yaml", "plan_ttl_bars: 1", SIZED.format("{model: fixed}"), "model fixed needs fixed_amount"),
        (
            "risk.yaml",
            "plan_ttl_bars: 1",
            SIZED.format("{model: fixed, fixed_amount: 50, fraction: 0.1}"),
            "model fixed does not read fraction; it reads fixed_amount, max_balance_share",
        ),
        (
            "risk.yaml",
            "plan_ttl_bars: 1",
            SIZED.format("{model: risk, max_amount: 50}"),
            "model risk does not read max_amount; it reads risk_per_trade alone",
        ),
        (
            "risk.yaml",
            "plan_ttl_bars: 1",
            SIZED.format("{model: fixed, fixed_amuont: 5}"),
            "did you mean fixed_amount?",
        ),
        ("risk.yaml", "plan_ttl_bars: 1", SIZED.format("{model: fractional, fraction: 5}"), "sizing.fraction = 5"),
        (
            "risk.yaml",
            "plan_ttl_bars: 1",
            SIZED.format("{model: fixed, fixed_amount: 5, min_amount: 9, max_amount: 8}"),
            "min_amount 9 must not exceed max_amount 8",
        ),
        ("strategies/one.yaml", "atr_period: 14}", "atr_period: 14}\n  next_bar_exit: true", "ema_atr carry no MACD"),
        ("strategies/one.yaml", "atr_period: 14}", "atr_period: 14}\n  max_layers: 0", "lifecycle.max_layers"),
        ("strategies/one.yaml", "ema_atr", "ema_art", "did you mean ema_atr?"),
        ("strategies/one.yaml", "fast_period: 5", "fast_period: 50", "fast_period = 50: must be below slow_period"),
        ("strategies/one.yaml", "[15m]", "[4h]", "timeframes: 4h not in universe.yaml"),
        ("strategies/one.yaml", "[15m]", "[15m]\nwatched: [4h]", "watched: 4h not in universe.yaml (15m, 1h)"),
        ("strategies/one.yaml", "[15m]", "[15m]\nwatched: [15m, 1h]", "15m is traded (timeframes) and watched"),
        ("strategies/one.yaml", ONE, FUSED, "higher timeframes: 4h not in universe.yaml (15m, 1h)"),
        (
            "strategies/one.yaml",
            "enabled: true",
            "enabled: true\nsymbols: [XRPUSDT]",
            "XRPUSDT.BYBIT not in universe.yaml",
        ),
        ("strategies/one.yaml", "fraction: 0.2", "fraction: 0.3", "add up to 1.1"),
        ("strategies/one.yaml", "r_multiple: 2", "r_multiple: 1", "nearest first"),
        ("strategies/one.yaml", "r_multiple: 2", "r_multipel: 2", "did you mean r_multiple?"),
        ("strategies/one.yaml", "atr_period: 14", "atr_period: 20", "indicator snapshots hold ATR 14 only"),
    ],
)
def test_a_mistake_is_refused_with_its_file_and_key(folder: Path, file: str, old: str, new: str, message: str) -> None:
    path = folder / file
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(ConfigurationError) as caught:
        load_universe(folder), load_risk(folder), load_strategies(folder)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("file", ["universe.yaml", "risk.yaml", "strategies/one.yaml"])
def test_a_missing_file_is_named(folder: Path, file: str) -> None:
    (folder / file).unlink()
    with pytest.raises(ConfigurationError, match="TRADING_CONFIG_DIR"):
        load_universe(folder), load_risk(folder), load_strategies(folder)


def test_two_files_cannot_decide_the_same_thing(folder: Path) -> None:
    (folder / "strategies" / "two.yaml").write_text(STRATEGY.replace("fast_period: 5", "fast_period: 6"))
    with pytest.raises(ConfigurationError, match=r"two.yaml: strategy ema_atr already runs on BTCUSDT.BYBIT 15m"):
        load_strategies(folder)


def test_the_files_that_come_with_the_project_are_sound() -> None:
    assert load_universe(CONFIG).instrument_ids
    assert load_risk(CONFIG).plan_ttl_bars >= 1
    assert load_strategies(CONFIG)


@pytest.mark.parametrize("path", sorted((CONFIG / "strategies").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_strategy_file_can_be_switched_on(folder: Path, path: Path) -> None:
    (folder / "universe.yaml").write_text(UNIVERSE.replace("[1h, 15m]", f"[{', '.join(Timeframe)}]"))
    content = path.read_text().replace("enabled: false", "enabled: true")
    (folder / "strategies" / "one.yaml").write_text(content)
    assert len(load_strategies(folder)) == 1


@pytest.mark.parametrize("name", ["BTCUSDT.BYBITT", "BTC_USDT.KRAKEN"])
def test_an_instrument_of_an_unknown_venue_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"'{name}': there is no venue '{name.split('.')[1]}', only BYBIT"):
        instrument_named(name, "bybit")


def test_symbols_are_written_as_venues_write_them(folder: Path) -> None:
    text = (folder / "universe.yaml").read_text().replace("BTCUSDT, SOLUSDT", "BTC_USDT, BTC-25DEC26")
    (folder / "universe.yaml").write_text(text)
    assert load_universe(folder).instrument_ids == ("BTC_USDT.BYBIT", "BTC-25DEC26.BYBIT")


@pytest.mark.parametrize("name", ["BTCUSDT", "BTCUSDT.BYBIT"])
def test_an_instrument_is_named_short_or_in_full(name: str) -> None:
    assert instrument_named(name, "bybit") == "BTCUSDT.BYBIT"


def test_a_file_says_what_is_traded_and_what_is_watched(folder: Path) -> None:
    (folder / "strategies" / "one.yaml").write_text(STRATEGY.replace("[15m]", "[15m]\nwatched: [1h]"))
    (plan,) = load_strategies(folder)
    bitcoin = InstrumentId("BTCUSDT.BYBIT")
    asked = [(plan.covers(bitcoin, one), plan.watches(bitcoin, one)) for one in (Timeframe.M15, Timeframe.H1)]
    assert asked == [(True, False), (False, True)]
    assert all(plan.looks_at(bitcoin, one) for one in (Timeframe.M15, Timeframe.H1))
