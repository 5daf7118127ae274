"""The engine buys what the gate would: one formula in floats and in decimals."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading_pipeline.domain.backtest.codes import Outcome
from trading_pipeline.domain.backtest.config import BacktestConfig, Costs, Limits
from trading_pipeline.domain.backtest.engine import run_backtest
from trading_pipeline.domain.backtest.layout import AMOUNT_ATR_PERIOD, scaled
from trading_pipeline.domain.backtest.translate import Steps, SymbolInput
from trading_pipeline.domain.model.errors import ConfigurationError, OrderDenied
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline.domain.portfolio.sizing import SizingModel, SizingRule
from trading_pipeline.domain.risk.entry_size import entry_quantity, sizing_inputs
from trading_pipeline.domain.risk.limits import RiskLimits
from trading_pipeline.domain.strategies.framework.arrays import BarArrays
from trading_pipeline_tests.domain.backtest.cases import STOP_ONLY, bars_of, signal
from trading_pipeline_tests.testkit.builders import usdt
from trading_pipeline_tests.testkit.execution_lab import instrument, trade_plan

SIGNAL_BAR = 16
TINY_LOT = Decimal("1e-12")


def decimals(low: str, high: str, places: int = 3) -> st.SearchStrategy[Decimal]:
    return st.decimals(Decimal(low), Decimal(high), places=places)


@st.composite
def rules(draw: st.DrawFn) -> SizingRule | None:
    """Any sizing model with any bounds, or none."""
    model = draw(st.sampled_from([None, *SizingModel]))
    if model is None:
        return None
    least = draw(decimals("0", "500"))
    most = draw(decimals("0", "20000"))
    return SizingRule(
        model=model,
        fixed_amount=draw(decimals("1", "20000")),
        fraction=draw(decimals("0", "1")),
        target_volatility_pct=draw(decimals("0.01", "5")),
        win_rate=draw(decimals("0.3", "0.9")),
        average_win_pct=draw(decimals("0.5", "5")),
        average_loss_pct=draw(decimals("0.5", "5")),
        max_balance_share=draw(decimals("0", "1")),
        min_amount=least,
        max_amount=most if most >= least else Decimal(0),
    )


def moving(price: float, half_range: float) -> BarArrays:
    """Bars around a price with one range throughout."""
    return bars_of([(price, price * (1 + half_range), price * (1 - half_range), price)] * (SIGNAL_BAR + 3))


@settings(max_examples=300, deadline=None)
@given(
    rule=rules(),
    equity=decimals("100", "100000", 2),
    promised=st.floats(0.0, 0.9),
    price=decimals("1", "50000", 1),
    distance=decimals("0.001", "0.3"),
    half_range=st.floats(0.0, 0.05),
    leverage=st.integers(1, 50),
    fee=st.sampled_from(["0", "0.00055", "0.001"]),
    risk=decimals("0.001", "0.2"),
    side=st.sampled_from([1, -1]),
    largest=decimals("0.001", "1000"),
)
def test_the_engine_buys_what_the_gate_allows(
    rule: SizingRule | None,
    equity: Decimal,
    promised: float,
    price: Decimal,
    distance: Decimal,
    half_range: float,
    leverage: int,
    fee: str,
    risk: Decimal,
    side: int,
    largest: Decimal,
) -> None:
    state = replace(instrument("Z"), max_market_quantity=largest, taker_fee=Decimal(fee))
    stop = state.round_price(price * (1 - side * distance))
    bars = moving(float(price), half_range)
    # Another instrument's position ties up part of the money, by a quantity that is given.
    tied = Decimal(f"{float(equity) * promised * leverage / 100:.3f}")
    config = BacktestConfig(
        float(equity),
        costs=Costs(taker_fee_bps=float(Decimal(fee) * 10_000)),
        limits=Limits(
            risk_per_trade=float(risk), max_leverage=float(leverage), maintenance_margin=0.0, max_daily_loss=None,
            amount=rule,
        ),
        exits=STOP_ONLY,
    )  # fmt: skip
    steps = Steps(0.1, 0.001, 0.001, 5.0, float(largest))
    inputs = {"Z": SymbolInput(bars, signal(SIGNAL_BAR, side, float(stop)), steps)}
    available = equity
    if tied:
        inputs["A"] = SymbolInput(moving(100.0, 0.0), signal(SIGNAL_BAR, 1, 0.0001, float(tied)))
        available = equity - tied * 100 / leverage - tied * 100 * Decimal(fee)
    result = run_backtest(config, inputs)
    bought = [trade.quantity for trade in result.trade_list() if trade.instrument_id == "Z"]
    limits = RiskLimits(risk, 3, Decimal(leverage), Decimal("0.05"), 1, 10, 1, rule)
    volatility = Decimal(str(1.0 / scaled(bars, (1.0, AMOUNT_ATR_PERIOD))[SIGNAL_BAR]))
    plan = replace(
        trade_plan("Z", Bias.LONG if side > 0 else Bias.SHORT),
        entry_price=price,
        stop_price=stop,
        sizing=sizing_inputs(limits, volatility),
    )
    balance = usdt(equity, available)
    try:
        wanted = float(entry_quantity(plan, balance, state, limits, Decimal(0)))
    except OrderDenied:
        wanted = 0.0
    exact = replace(state, quantity_increment=TINY_LOT, min_quantity=TINY_LOT, min_notional=Decimal(0))
    try:
        lots = float(entry_quantity(plan, balance, exact, replace(limits), Decimal(0))) * 1000
    except OrderDenied:
        lots = 0.5
    found = bought[0] if bought else 0.0
    on_the_edge = abs(lots - round(lots)) < 1e-6
    assert found == pytest.approx(wanted) or on_the_edge


@pytest.mark.parametrize(
    ("rule", "free", "quantity"),
    [
        # 5 % of 10,000 at 100; fixed; 40 % at 0.5 / 2; Kelly 0.2 of 0.5
        (SizingRule(SizingModel.FRACTIONAL), 10_000.0, 5.0),
        (SizingRule(SizingModel.FIXED, fixed_amount=Decimal(250)), 10_000.0, 2.5),
        (SizingRule(SizingModel.VOLATILITY, fraction=Decimal("0.4")), 10_000.0, 10.0),
        (SizingRule(SizingModel.KELLY, fraction=Decimal("0.5"), win_rate=Decimal("0.6")), 10_000.0, 20.0),
        # bounds: at most 1 % of what is free, at least 700, at most 300
        (SizingRule(SizingModel.FRACTIONAL, max_balance_share=Decimal("0.01")), 10_000.0, 1.0),
        (SizingRule(SizingModel.FIXED, min_amount=Decimal(700)), 10_000.0, 7.0),
        (SizingRule(SizingModel.FRACTIONAL, max_amount=Decimal(300)), 10_000.0, 3.0),
        # the risk cap: 0.5 % of 10,000 over a stop 2 away is 25
        (SizingRule(SizingModel.FRACTIONAL, fraction=Decimal("0.9")), 10_000.0, 25.0),
    ],
)
def test_an_amount_is_notional_under_the_risk_cap(rule: SizingRule, free: float, quantity: float) -> None:
    config = BacktestConfig(free, limits=Limits(max_leverage=1.0, maintenance_margin=0.0, amount=rule), exits=STOP_ONLY)
    one = SymbolInput(moving(100.0, 0.01), signal(SIGNAL_BAR, 1, 98.0))
    assert run_backtest(config, {"X": one}).trades.quantity.tolist() == pytest.approx([quantity])


def test_an_amount_whose_volatility_is_unknown_is_too_small() -> None:
    rule = SizingRule(SizingModel.VOLATILITY)
    config = BacktestConfig(limits=Limits(amount=rule), exits=STOP_ONLY)
    result = run_backtest(config, {"X": SymbolInput(moving(100.0, 0.01), signal(5, 1, 98.0))})
    assert result.outcome_counts() == {"too_small": 1}


def test_an_amount_without_a_risk_cap_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="amount sizes under risk_per_trade"):
        Limits(risk_per_trade=None, cash_fraction=0.1, amount=SizingRule())


def test_no_order_is_larger_than_the_largest() -> None:
    one = SymbolInput(bars_of([(100.0,) * 4] * 3), signal(0, 1, 99.0), Steps(max_quantity=7.5))
    result = run_backtest(BacktestConfig(exits=STOP_ONLY), {"X": one})
    assert result.trades.quantity.tolist() == [7.5]
    assert Outcome(int(result.outcomes[0])) is Outcome.FILLED
    assert np.isfinite(result.equity).all()
