"""Backtests from bars to records."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from trading_pipeline.domain.backtest.config import BacktestConfig, ExitTarget
from trading_pipeline.domain.model.bar_frames import coarser_bars
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.strategies.avi5.levels import EXIT_GRID, SWING_EXIT_GRID
from trading_pipeline.domain.strategies.registry import strategy_named
from trading_pipeline.services.research.backtest_request import BacktestRequest, StrategyRun
from trading_pipeline.services.research.research_window import Window
from trading_pipeline.services.research.run_backtest import BacktestRun, run_backtest
from trading_pipeline.services.research.sample_bars import sample_bars
from trading_pipeline_tests.domain.strategies.golden import golden_bars
from trading_pipeline_tests.testkit.research import a_request

GOLDEN_START = datetime(2024, 1, 1, tzinfo=UTC)


def golden_run(seed: int, count: int = 700, **rules: object) -> BacktestRun:
    strategy = strategy_named("divergence", {})
    config = BacktestConfig().with_values({"next_bar_exit": True, **rules})
    bars = {"BTCUSDT.BYBIT": golden_bars(seed, count)}
    return run_backtest(BacktestRequest([StrategyRun(strategy, Timeframe.H1, bars, config)], "test"))


def sampled(instrument_ids: tuple[str, ...] = ("BTCUSDT.BYBIT",), **changes: object) -> BacktestRun:
    return run_backtest(a_request(instrument_ids, **changes))


@pytest.mark.parametrize(
    ("seed", "bar", "side", "entry", "stop", "pnl_r", "exit_bar"),
    [
        (17, 253, "long", 30456.5, 30311.5, -1.0, 264),
        (7, 233, "long", 31042.5, 31016.0, -1.0, 234),
        (33, 325, "short", 29963.0, 30125.0, 2.183862, 386),
        (4, 546, "short", 31526.5, 31729.5, 0.4, 563),
    ],
)
def test_golden_trades_from_bars_alone(
    seed: int, bar: int, side: str, entry: float, stop: float, pnl_r: float, exit_bar: int
) -> None:
    trade = golden_run(seed).record.trades[0]
    assert trade.entry_time == GOLDEN_START + timedelta(hours=bar + 1)
    assert trade.exit_time == GOLDEN_START + timedelta(hours=exit_bar + 1)
    assert (trade.side, trade.entry_price, trade.stop_price) == (side, entry, stop)
    assert trade.pnl_r == pytest.approx(pnl_r, abs=1e-5)


def test_the_golden_runner_leaves_in_three_legs_and_alone() -> None:
    (trade,) = golden_run(33).record.trades
    hours = [int((leg.time - GOLDEN_START) / timedelta(hours=1)) - 1 for leg in trade.legs]
    assert hours == [333, 337, 386]
    assert [leg.price for leg in trade.legs] == pytest.approx([29801.0, 29639.0, 29166.071429], abs=1e-5)
    assert [leg.kind for leg in trade.legs] == ["take_profit", "take_profit", "trailing_stop"]
    assert sum(leg.fraction for leg in trade.legs) == pytest.approx(1.0)
    risk = trade.stop_price - trade.entry_price if trade.stop_price else 0.0
    by_legs = sum(leg.fraction * (trade.entry_price - leg.price) / risk for leg in trade.legs)
    assert trade.pnl_r == pytest.approx(by_legs)


def test_a_contrary_histogram_ends_a_divergence_trade() -> None:
    (left,), (kept,) = golden_run(23, 1200).record.trades, golden_run(23, 1200, next_bar_exit=False).record.trades
    assert (left.exit_reason, left.exit_time - left.entry_time) == ("next_bar_exit", timedelta(hours=1))
    assert kept.exit_time > left.exit_time


def avi5_run(**parameters: object) -> BacktestRun:
    strategy = strategy_named("avi5", {"confirm_trend": False, "confirm_vwap": False, **parameters})
    bars = {"BTCUSDT.BYBIT": sample_bars("BTCUSDT.BYBIT", Timeframe.M5, 3_000)}
    grid = EXIT_GRID if not parameters.get("swing") else SWING_EXIT_GRID
    rules = strategy.trade_rules
    config = BacktestConfig().with_values(
        {
            "max_daily_loss": None,
            "maintenance_margin": 0.0,
            "max_leverage": 20.0,
            "targets": tuple(ExitTarget(*target) for target in grid),
            "trail": None,
            "trail_after_targets": 1,
            "max_layers": rules.entry_levels,
            "entry_expiry_bars": rules.entry_valid_bars,
        }
    )
    return run_backtest(BacktestRequest([StrategyRun(strategy, Timeframe.M5, bars, config)], "test"))


def test_avi5_leaves_by_its_grid() -> None:
    trades = avi5_run().record.trades
    won = [trade for trade in trades if [leg.kind for leg in trade.legs] == ["take_profit"] * 3]
    assert won
    for trade in won:
        assert [leg.fraction for leg in trade.legs] == pytest.approx([0.4, 0.3, 0.3])
        assert trade.pnl_r == pytest.approx(0.4 * 1 + 0.3 * 2 + 0.3 * 3)


def test_swing_lets_the_rest_run_until_the_opposite_channel_breaks() -> None:
    trades = avi5_run(swing=True).record.trades
    kinds = {tuple(leg.kind for leg in trade.legs) for trade in trades}
    assert {("take_profit", "signal_exit"), ("take_profit", "break_even"), ("stop_loss",)} <= kinds
    assert kinds <= {
        ("take_profit", "signal_exit"),
        ("take_profit", "break_even"),
        ("take_profit", "end_of_data"),
        ("signal_exit",),
        ("stop_loss",),
        ("end_of_data",),
    }


def test_avi5s_levels_lose_one_r_together() -> None:
    run = avi5_run(entry_levels=3)
    whole = [trade for trade in run.record.trades if len(trade.entries) == 3]
    stopped = [trade for trade in whole if trade.exit_reason == "stop_loss"]
    assert len(stopped) > 10
    for trade in stopped:
        assert [leg.fraction for leg in trade.entries] == pytest.approx([1 / 3] * 3)
    assert min(trade.pnl_r or 0.0 for trade in stopped) == pytest.approx(-1.0)
    signal_outcomes = {name: value for name, value in run.record.metrics.items() if name.startswith("signals_")}
    assert sum(value or 0.0 for value in signal_outcomes.values()) == run.record.metrics["signals"]
    assert signal_outcomes["signals_cancelled"]
    assert signal_outcomes["signals_expired"]


def test_a_run_is_repeatable_and_may_be_given_a_name() -> None:
    assert sampled().record == sampled().record
    assert sampled(run_id="mine").record.run_id == "mine"


def test_fees_of_an_instrument_come_before_those_of_the_rules() -> None:
    both, rules = ("BTCUSDT.BYBIT", "ETHUSDT.BYBIT"), BacktestConfig().with_values({"taker_fee_bps": 5.5})
    record = sampled(both, config=rules, fees={"BTCUSDT.BYBIT": {"maker_fee_bps": 0.0, "taker_fee_bps": 0.0}}).record
    paid = {trade.instrument_id for trade in record.trades if trade.fees_usdt > 0}
    assert {trade.instrument_id for trade in record.trades} == set(both)
    assert paid == {"ETHUSDT.BYBIT"}
    assert record.params["fees"] == {"BTCUSDT.BYBIT": {"maker_fee_bps": 0.0, "taker_fee_bps": 0.0}}


def test_the_order_of_symbols_does_not_matter() -> None:
    assert sampled(("BTCUSDT.BYBIT", "ETHUSDT.BYBIT")).record == sampled(("ETHUSDT.BYBIT", "BTCUSDT.BYBIT")).record


def test_entries_lie_in_the_window_and_figures_are_about_it() -> None:
    start, end = datetime(2024, 4, 1, tzinfo=UTC), datetime(2024, 4, 15, tzinfo=UTC)
    run = sampled(window=Window(start, end))
    trades = run.record.trades
    assert trades
    assert all(start < trade.entry_time <= end and trade.exit_time <= end for trade in trades)
    assert len(run.record.curve.equity) == 14 * 24
    final = run.record.metrics["final_equity"]
    assert final == run.record.curve.equity[-1]
    assert final == pytest.approx(10_000.0 + sum(trade.pnl_usdt for trade in trades))


def test_a_windows_year_begins_without_the_warm_up() -> None:
    start, end = datetime(2024, 4, 1, tzinfo=UTC), datetime(2024, 4, 15, tzinfo=UTC)
    metrics = sampled(window=Window(start, end)).record.metrics
    total = metrics["total_return_pct"]
    assert total
    # 14 of 365.25 days; below a month growth is scaled in proportion
    assert metrics["cagr_pct"] == pytest.approx(total / (14 / 365.25), rel=1e-12)


def test_a_year_begins_with_the_first_close() -> None:
    hours = sample_bars("BTCUSDT.BYBIT", Timeframe.H1, 3_000, 0)
    strategy = strategy_named("ema_cross", {})
    runs = [
        StrategyRun(strategy, timeframe, {"BTCUSDT.BYBIT": bars}, BacktestConfig())
        for timeframe, bars in ((Timeframe.H1, hours), (Timeframe.H4, coarser_bars(hours, Timeframe.H1, Timeframe.H4)))
    ]
    metrics = run_backtest(BacktestRequest(runs, "test")).record.metrics
    total = metrics["total_return_pct"]
    assert total
    # both timeframes begin at the same open; 3,000 h = 0.342231 years, 4 h bars or not
    assert metrics["cagr_pct"] == pytest.approx(((1 + total / 100) ** (8766 / 3_000) - 1) * 100, rel=1e-12)


def test_a_window_decides_as_the_whole_does_where_both_look() -> None:
    start = datetime(2024, 4, 1, tzinfo=UTC)
    rules = BacktestConfig().with_values({"risk_per_trade": None, "fixed_margin": 100.0, "max_daily_loss": None})
    whole, part = sampled(config=rules), sampled(config=rules, window=Window(start))
    later = {trade.entry_time: trade for trade in whole.record.trades}
    shared = [trade for trade in part.record.trades if trade.entry_time in later]
    assert len(shared) >= len(part.record.trades) - 1
    assert all(trade == later[trade.entry_time] for trade in shared)


def test_every_signal_has_a_fate() -> None:
    metrics = sampled().record.metrics
    signal_outcomes = [value for name, value in metrics.items() if name.startswith("signals_")]
    assert sum(value for value in signal_outcomes if value) == metrics["signals"]
    assert metrics["signals_filled"] == metrics["trades"]


def test_a_window_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="--from has to be before --to"):
        Window(datetime(2024, 2, 1, tzinfo=UTC), datetime(2024, 1, 1, tzinfo=UTC))


def test_figures_that_have_no_value_are_none() -> None:
    metrics = sampled().record.metrics
    assert all(value is None or np.isfinite(value) for value in metrics.values())


def test_higher_timeframes_know_history_before_the_window() -> None:
    strategy, bars = strategy_named("fused_score", {"higher": "1d"}), sample_bars("BTCUSDT.BYBIT", Timeframe.M15, 9_000)
    late = Window(bars["open_time"].iloc[8_000].to_pydatetime())
    young = bars[8_000 - 1_700 :].reset_index(drop=True)
    whole, cut = (
        run_backtest(
            BacktestRequest(
                [StrategyRun(strategy, Timeframe.M15, {"BTCUSDT.BYBIT": given}, BacktestConfig())], "test", window=late
            )
        )
        for given in (bars, young)
    )
    assert len(whole.bars["BTCUSDT.BYBIT"]) == len(cut.bars["BTCUSDT.BYBIT"]) == 2_700
    assert whole.bars["BTCUSDT.BYBIT"]["ema_50_1d"].notna().any()
    assert cut.bars["BTCUSDT.BYBIT"]["ema_50_1d"].isna().all()
    assert whole.record.run_id != cut.record.run_id
