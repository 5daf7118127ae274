"""The figures of a replay are those of its trades, its account and its signals."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from trading_pipeline.domain.model.backtest_runs import EquityCurve, LegRecord, TradeRecord
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline.domain.model.timeframes import Timeframe, to_ms
from trading_pipeline.domain.model.trade_history import TradeLeg, TradeRow
from trading_pipeline.runtime.replay.replay_record import replay_metrics, trade_record

START = datetime(2026, 1, 15, tzinfo=UTC)
CURVE = EquityCurve(
    np.array([to_ms(START + hour * timedelta(hours=1)) for hour in (1, 2, 3)], np.int64),
    np.array([10_000.0, 10_030.0, 10_010.0]),
)


def a_trade(pnl: float, fees: float, in_r: float, funding: float = 0.0) -> TradeRecord:
    leg = LegRecord(START + timedelta(hours=2), 101.0, 1.0, "take_profit")
    return TradeRecord(
        instrument_id="BTCUSDT.BYBIT",
        side=Bias.LONG,
        entry_time=START,
        entry_price=100.0,
        exit_time=leg.time,
        exit_price=101.0,
        quantity=1.0,
        pnl_usdt=pnl,
        pnl_r=in_r,
        gross_pnl_r=in_r + 0.1,
        fees_usdt=fees,
        funding_usdt=funding,
        exit_reason="take_profit",
        legs=(leg,),
        entries=(),
        stop_price=99.0,
    )


def test_profit_and_its_factor_are_those_of_the_trades() -> None:
    trades = [a_trade(29.0, 1.0, 3.0), a_trade(-21.0, 1.0, -2.0)]
    figures = replay_metrics(trades, CURVE, 10_000.0, Timeframe.H1, {"executed": 2, "cooldown": 1})
    assert figures["net_profit"] == pytest.approx(8.0)
    assert figures["net_profit_pct"] == pytest.approx(0.08)
    assert figures["profit_factor"] == pytest.approx(29.0 / 21.0)
    assert figures["gross_profit_factor"] == pytest.approx(1.5)  # before fees: 30 against 20
    assert (figures["sum_r"], figures["average_r"], figures["win_rate_pct"]) == (1.0, 0.5, 50.0)
    assert figures["final_equity"] == 10_010.0
    assert (figures["signals"], figures["signals_executed"], figures["signals_cooldown"]) == (3.0, 2.0, 1.0)


def test_a_ledgers_trade_is_told_net_with_gross_beside_it() -> None:
    leave = TradeLeg(START + timedelta(hours=2), START + timedelta(hours=2), 101.0, 5.0, "take_profit")
    row = TradeRow(
        strategy="rsi",
        timeframe=Timeframe.H1,
        instrument_id="BTCUSDT.BYBIT",
        signalled_at=START,
        bias=Bias.LONG,
        entry_price=100.0,
        quantity=5.0,
        stop_price=98.0,
        exit_reason="take_profit",
        pnl=5.0,
        fees=0.5,
        funding=1.5,
        legs=(leave,),
    )
    trade = trade_record(row)
    # 5 x 2 at risk; 5 - 0.5 - 1.5
    assert (trade.pnl_usdt, trade.pnl_r, trade.gross_pnl_r) == (3.0, 0.3, 0.5)
    assert (trade.fees_usdt, trade.funding_usdt) == (0.5, 1.5)
    untold = trade_record(replace(row, stop_price=100.0))
    assert (untold.pnl_r, untold.gross_pnl_r) == (None, None)


def test_costs_may_turn_a_gain_into_loss() -> None:
    # gross: 0.3 - 0.1 - 0.2 leaves 0 but for dust, and -0.1 + 0.1 + 0.2 = 0.2
    trades = [a_trade(-0.3, 0.1, -0.03, 0.2), a_trade(-0.1, 0.1, -0.01, 0.2)]
    figures = replay_metrics(trades, CURVE, 10_000.0, Timeframe.H1, {})
    assert (figures["win_rate_pct"], figures["profit_factor"]) == (0.0, 0.0)
    assert (figures["gross_win_rate_pct"], figures["gross_profit"]) == (50.0, pytest.approx(0.2))
    assert (figures["sum_r"], figures["gross_sum_r"]) == (pytest.approx(-0.04), pytest.approx(0.16))
    assert (figures["fees"], figures["funding"]) == (pytest.approx(0.2), pytest.approx(0.4))


def test_without_a_trade_nothing_is_made_up() -> None:
    figures = replay_metrics([], CURVE, 10_000.0, Timeframe.H1, {})
    assert figures["trades"] == 0.0
    assert not {"net_profit", "profit_factor", "average_r"} & set(figures)
