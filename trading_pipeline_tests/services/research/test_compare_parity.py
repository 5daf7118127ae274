"""What counts as a difference between pipeline and engine, and what as rounding."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from trading_pipeline.domain.model.signals import Bias, Signal, decision_key
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.model.trade_history import SignalOutcome, TradeLeg, TradeRow
from trading_pipeline.services.research.compare_parity import compare_outcomes, compare_signals, compare_trades

CLOSE = datetime(2026, 1, 15, 4, tzinfo=UTC)
LEG = TradeLeg(CLOSE + timedelta(hours=3), CLOSE + timedelta(hours=4), 110.0, 0.4, "take_profit")
LAST = TradeLeg(CLOSE + timedelta(hours=9), CLOSE + timedelta(hours=12), 100.0, 0.6, "break_even")
TRADE = TradeRow(
    "rsi", Timeframe.H4, "BTCUSDT.BYBIT", CLOSE, Bias.LONG, 100.0, 1.0, 90.0, "break_even", 4.0, 0.1, 0.01, (LEG, LAST)
)


def _signal(bias: Bias = Bias.LONG, **changes: object) -> Signal:
    key = decision_key("rsi", "BTCUSDT.BYBIT", Timeframe.H4, CLOSE, bias)
    made = Signal(key, "rsi", "v1", "BTCUSDT.BYBIT", Timeframe.H4, CLOSE, bias, Decimal(100), Decimal(90), Decimal(50))
    return replace(made, **changes)  # type: ignore[arg-type]


def test_equal_rows_have_no_difference_whatever_their_order() -> None:
    other = _signal(Bias.SHORT)
    assert compare_signals([_signal(), other], [other, _signal()]) == []
    assert compare_trades([TRADE], [TRADE]) == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"strategy_version": "v2"}, "strategy_version"),
        ({"entry_price": Decimal("100.0001")}, "entry_price"),
        ({"stop_price": Decimal("90.0001")}, "stop_price"),
        ({"score": Decimal(51)}, "score"),
    ],
)
def test_a_signal_that_says_something_else_is_named_with_its_field(changes: dict[str, object], field: str) -> None:
    assert [one.field for one in compare_signals([_signal()], [_signal(**changes)])] == [field]


def test_the_last_of_ten_digits_may_be_rounded_either_way() -> None:
    one, other = _signal(stop_price=Decimal("0.4170000001")), _signal(stop_price=Decimal("0.4170000002"))
    assert [difference.field for difference in compare_signals([one], [other])] == ["stop_price"]
    wider = _signal(stop_price=Decimal("9.170000001")), _signal(stop_price=Decimal("9.170000002"))
    assert compare_signals([wider[0]], [wider[1]]) == []


@pytest.mark.parametrize(("pipeline", "engine"), [([TRADE], []), ([], [TRADE])])
def test_a_trade_of_one_side_alone_is_a_difference(pipeline: list[TradeRow], engine: list[TradeRow]) -> None:
    (found,) = compare_trades(pipeline, engine)
    assert {found.pipeline, found.engine} == {"present", "none"}
    assert (found.kind, found.instrument_id, found.at) == ("trade rsi 4h", "BTCUSDT.BYBIT", CLOSE)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"bias": Bias.SHORT}, "bias"),
        ({"entry_price": 100.1}, "entry_price"),
        ({"quantity": 1.001}, "quantity"),
        ({"stop_price": 90.1}, "stop_price"),
        ({"exit_reason": "trailing_stop"}, "exit_reason"),
        ({"pnl": 4.00001}, "pnl"),
        ({"fees": 0.10001}, "fees"),
        ({"funding": 0.0}, "funding"),
        ({"legs": (LEG,)}, "exits"),
        ({"legs": (replace(LEG, price=110.1), LAST)}, "exit 1 price"),
        ({"legs": (LEG, replace(LAST, bar_close=CLOSE + timedelta(hours=8)))}, "exit 2 bar_close"),
        ({"legs": (LEG, replace(LAST, kind="stop_loss"))}, "exit 2 kind"),
    ],
)
def test_a_trade_that_differs_in_anything_is_named_with_its_field(changes: dict[str, object], field: str) -> None:
    assert [one.field for one in compare_trades([TRADE], [replace(TRADE, **changes)])] == [field]  # type: ignore[arg-type]


def test_the_moment_inside_the_bar_is_the_pipelines_alone() -> None:
    assert compare_trades([TRADE], [replace(TRADE, legs=(replace(LEG, time=LEG.bar_close), LAST))]) == []


def test_money_may_differ_by_less_than_a_millionth() -> None:
    assert compare_trades([TRADE], [replace(TRADE, pnl=4.0000009)]) == []


def test_a_difference_reads_as_a_sentence() -> None:
    (found,) = compare_trades([TRADE], [replace(TRADE, quantity=2.0)])
    assert str(found) == "trade rsi 4h BTCUSDT.BYBIT 2026-01-15 04:00 quantity: pipeline 1, engine 2"


FATE = SignalOutcome("rsi", "BTCUSDT.BYBIT", Timeframe.H4, CLOSE, Bias.LONG, "filled")


@pytest.mark.parametrize(
    ("pipeline", "engine", "told"),
    [
        ([FATE], [FATE], []),
        ([replace(FATE, outcome="cooldown")], [FATE], [("cooldown", "filled")]),
        ([FATE], [], [("filled", "none")]),
        ([], [FATE], [("none", "filled")]),
        ([FATE], [replace(FATE, strategy="macd")], [("filled", "none"), ("none", "filled")]),
    ],
)
def test_a_signal_that_met_another_fate_is_named_with_both(
    pipeline: list[SignalOutcome], engine: list[SignalOutcome], told: list[tuple[str, str]]
) -> None:
    assert [(one.pipeline, one.engine) for one in compare_outcomes(pipeline, engine)] == told
