"""What was traded, as a backtest would tell it."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine, update

from trading_pipeline.adapters.stores.execution.ledger_indicators import PostgresIndicatorReader
from trading_pipeline.adapters.stores.postgres.tables import trade_plans
from trading_pipeline.adapters.stores.research.trade_history import PostgresTradeHistory
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.services.accounting.record_equity import record_equity
from trading_pipeline.services.execution.manage_positions import manage_positions
from trading_pipeline_tests.testkit.execution_lab import WAVE, Lab, store_bar, store_plan, trade_plan
from trading_pipeline_tests.testkit.execution_run import execute_plans

BAR = Timeframe.M15.duration
WINDOW = (WAVE - BAR, WAVE + timedelta(hours=1))


@pytest.fixture
def lab(database: Engine) -> Lab:
    """A long at 1000 with its stop at 990, entered at the close of the wave."""
    made = Lab(database)
    store_plan(database, trade_plan())
    execute_plans(context=made.context(), gate=made.gate, equity=made.equity)
    return made


def _walk(lab: Lab, *prices: int) -> None:
    lab.clock.advance(timedelta(minutes=7))
    for price in prices:
        lab.venue.move("BTCUSDT.BYBIT", Decimal(price))
    lab.clock.set(WAVE + BAR)
    store_bar(lab.database, "BTCUSDT.BYBIT", WAVE + BAR, Decimal(prices[-1]), 4.0)
    indicators = PostgresIndicatorReader(lab.database)
    manage_positions(context=lab.context(), indicators=indicators, wave=WAVE + BAR, finest=Timeframe.M15)


def test_a_closed_trade_has_its_exits_in_their_bars(lab: Lab) -> None:
    _walk(lab, 1010, 990)
    (trade,) = PostgresTradeHistory(lab.database).trades("ema_atr", Timeframe.M15, *WINDOW)
    assert (trade.signalled_at, trade.quantity, trade.exit_reason) == (WAVE, 5.0, "stop_loss")
    assert [(leg.bar_close, leg.price, leg.quantity, leg.kind) for leg in trade.legs] == [
        (WAVE + BAR, 1010.0, 2.0, "take_profit"),
        (WAVE + BAR, 990.0, 3.0, "stop_loss"),
    ]
    assert trade.legs[0].time == WAVE + timedelta(minutes=7)
    assert trade.pnl == pytest.approx(-10.0)


def test_a_trade_tells_where_its_take_profits_were_placed(lab: Lab) -> None:
    _walk(lab, 1010, 990)
    (trade,) = PostgresTradeHistory(lab.database).trades("ema_atr", Timeframe.M15, *WINDOW)
    assert trade.targets == (1010.0, 1020.0)  # 1 R and 2 R of 10


def test_take_profits_of_a_short_begin_with_the_nearest(lab: Lab) -> None:
    store_plan(lab.database, trade_plan("SOLUSDT.BYBIT", Bias.SHORT))
    execute_plans(context=lab.context("run-2"), gate=lab.gate, equity=lab.equity)
    trades = PostgresTradeHistory(lab.database).trades("ema_atr", Timeframe.M15, *WINDOW)
    assert [trade.targets for trade in trades] == [(1010.0, 1020.0), (990.0, 980.0)]


def test_an_open_trade_has_no_reason_yet(lab: Lab) -> None:
    _walk(lab, 1010)
    (trade,) = PostgresTradeHistory(lab.database).trades("ema_atr", Timeframe.M15, *WINDOW)
    assert (trade.exit_reason, len(trade.legs)) == ("", 1)


def test_trades_of_other_strategies_timeframes_and_times_are_left_out(lab: Lab) -> None:
    history = PostgresTradeHistory(lab.database)
    assert history.trades("rsi", Timeframe.M15, *WINDOW) == []
    assert history.trades("ema_atr", Timeframe.H1, *WINDOW) == []
    assert history.trades("ema_atr", Timeframe.M15, WAVE, WINDOW[1]) == []


def test_a_signal_that_was_entered_is_filled(lab: Lab) -> None:
    (found,) = PostgresTradeHistory(lab.database).signal_outcomes("ema_atr", Timeframe.M15, *WINDOW)
    assert (found.instrument_id, found.close_time, found.bias, found.outcome) == (
        "BTCUSDT.BYBIT",
        WAVE,
        Bias.LONG,
        "filled",
    )


@pytest.mark.parametrize(
    ("status", "reason", "outcome"),
    [
        ("denied", "symbol_busy: a position is live", "position_open"),
        ("denied", "cooldown: stopped out", "cooldown"),
        ("denied", "min_notional: too little", "too_small"),
        ("expired", "too late", "expired"),
    ],
)
def test_a_denied_signal_is_told_in_the_engines_words(lab: Lab, status: str, reason: str, outcome: str) -> None:
    with lab.database.begin() as connection:
        connection.execute(update(trade_plans).values(status=status, status_reason=reason))
    (found,) = PostgresTradeHistory(lab.database).signal_outcomes("ema_atr", Timeframe.M15, *WINDOW)
    assert found.outcome == outcome


def test_an_account_is_flat_from_the_next_reading(lab: Lab) -> None:
    history = PostgresTradeHistory(lab.database)
    record_equity(trading=lab.venue, equity=lab.equity)
    assert history.flat_start(WAVE + timedelta(seconds=1)) is None
    _walk(lab, 990)
    record_equity(trading=lab.venue, equity=lab.equity)
    start = history.flat_start(WAVE + timedelta(seconds=1))
    assert start is not None
    assert start.at == WAVE + BAR
    assert start.equity == pytest.approx(float(lab.venue.wallet().balances["USDT"].equity))


def test_a_reading_before_entries_is_no_flat_start(database: Engine) -> None:
    """Managing reads the account before the wave enters: from that reading on a backtest would know of no position."""
    lab = Lab(database)
    record_equity(trading=lab.venue, equity=lab.equity)
    store_plan(database, trade_plan())
    lab.clock.advance(timedelta(seconds=2))
    execute_plans(context=lab.context(), gate=lab.gate, equity=lab.equity)
    assert PostgresTradeHistory(database).flat_start(WAVE) is None


def test_a_system_that_never_computed_a_wave_has_no_span(lab: Lab) -> None:
    assert PostgresTradeHistory(lab.database).live_span(Timeframe.M15) is None
