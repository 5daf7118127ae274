"""Two runs beside each other."""

from dataclasses import replace

from trading_pipeline.services.research.compare_backtests import Changed, alike, compare_backtests
from trading_pipeline_tests.testkit.research import a_run, a_trade


def test_a_run_equals_itself() -> None:
    comparison = compare_backtests(a_run(), a_run("other"))
    assert comparison.equal
    assert comparison.same_trades == 2
    assert not comparison.params


def test_trades_are_matched_by_their_entry() -> None:
    first, second = a_run(trades=(a_trade(0), a_trade(24))), a_run("b", trades=(a_trade(0, pnl=7.0), a_trade(48)))
    comparison = compare_backtests(first, second)
    assert not comparison.equal
    assert [change.name for change in comparison.changed_trades[0].changes] == ["pnl_usdt", "pnl_r", "gross_pnl_r"]
    assert comparison.only_first == (a_trade(24),)
    assert comparison.only_second == (a_trade(48),)


def test_entries_of_one_instant_are_compared_one_by_one() -> None:
    twice = (a_trade(0), a_trade(0, pnl=3.0))
    assert compare_backtests(a_run(trades=twice), a_run("b", trades=twice)).same_trades == 2
    assert len(compare_backtests(a_run(trades=twice), a_run("b", trades=twice[:1])).only_first) == 1


def test_legs_that_differ_are_named() -> None:
    trade = a_trade()
    moved = replace(trade, legs=(replace(trade.legs[0], price=101.5), trade.legs[1]))
    fewer = replace(trade, legs=trade.legs[1:])
    (changed,) = compare_backtests(a_run(trades=(trade,)), a_run("b", trades=(moved,))).changed_trades
    assert changed.changes == (Changed("leg 1 price", 101.0, 101.5),)
    (changed,) = compare_backtests(a_run(trades=(trade,)), a_run("b", trades=(fewer,))).changed_trades
    assert changed.changes == (Changed("legs", 2, 1),)


def test_rules_are_named_by_their_path_and_figures_carry_their_difference() -> None:
    second = a_run("b", net_profit=8.0)
    second.params["config"] = {"initial_capital": 10_000.0, "exits": {"next_bar_exit": False}}
    comparison = compare_backtests(a_run(), second)
    assert comparison.params == (Changed("config.exits.next_bar_exit", True, False),)
    (metric,) = comparison.metrics
    assert (metric.name, metric.difference) == ("net_profit", 2.0)


def test_rounding_is_no_difference_and_a_missing_value_is() -> None:
    assert alike(1e6, 1e6 + 1e-5)
    assert not alike(1.0, 1.0 + 1e-6)
    assert not alike(1.0, None)
    assert alike(None, None)
