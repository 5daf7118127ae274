"""What was traded, as a backtest would tell it."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from trading_pipeline.adapters.stores.ledger_indicators import PostgresIndicatorReader
from trading_pipeline.adapters.stores.trade_history import PostgresTradeHistory
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.services.execute_plans import execute_plans
from trading_pipeline.services.manage_positions import manage_positions
from trading_pipeline_tests.testkit.trading_desk import WAVE, Lab, store_bar, store_plan, trade_plan

BAR = Timeframe.M15.duration
WINDOW = (WAVE - BAR, WAVE + timedelta(hours=1))


@pytest.fixture
def lab(database: Engine) -> Lab:
    """A long at 1000 with its stop at 990, entered at the close of the wave."""
    made = Lab(database)
    store_plan(database, trade_plan())
    execute_plans(desk=made.desk(), gate=made.gate, equity=made.equity)
    return made


def _walk(lab: Lab, *prices: int) -> None:
    lab.clock.advance(timedelta(minutes=7))
    for price in prices:
        lab.venue.move("BTCUSDT", Decimal(price))
    lab.clock.set(WAVE + BAR)
    store_bar(lab.database, "BTCUSDT", WAVE + BAR, Decimal(prices[-1]), 4.0)
    indicators = PostgresIndicatorReader(lab.database)
    manage_positions(desk=lab.desk(), indicators=indicators, wave=WAVE + BAR, finest=Timeframe.M15)


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


def test_an_open_trade_has_no_reason_yet(lab: Lab) -> None:
    _walk(lab, 1010)
    (trade,) = PostgresTradeHistory(lab.database).trades("ema_atr", Timeframe.M15, *WINDOW)
    assert (trade.exit_reason, len(trade.legs)) == ("", 1)


def test_trades_of_other_strategies_timeframes_and_times_are_left_out(lab: Lab) -> None:
    history = PostgresTradeHistory(lab.database)
    assert history.trades("rsi", Timeframe.M15, *WINDOW) == []
    assert history.trades("ema_atr", Timeframe.H1, *WINDOW) == []
    assert history.trades("ema_atr", Timeframe.M15, WAVE, WINDOW[1]) == []


def test_fees_and_equity_are_read_from_the_account(lab: Lab) -> None:
    _walk(lab, 1010)
    terms = PostgresTradeHistory(lab.database).terms("ema_atr", Timeframe.M15, *WINDOW)
    paid = lab.venue.fills(WAVE - BAR)
    taker = next(fill for fill in paid if not fill.is_maker)
    assert terms.taker_fee_bps == pytest.approx(float(taker.fee / taker.quantity / taker.price * 10_000))
    assert terms.equity == pytest.approx(float(lab.venue.wallet().equity), rel=0.01)
    assert terms.alone


def test_an_account_that_others_used_too_is_not_alone(lab: Lab) -> None:
    assert not PostgresTradeHistory(lab.database).terms("rsi", Timeframe.M15, *WINDOW).alone
    assert PostgresTradeHistory(lab.database).live_span(Timeframe.M15) is None
