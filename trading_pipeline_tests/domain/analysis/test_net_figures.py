"""What people compare is net of fees and funding; what it was before them stands beside it as gross."""

import numpy as np
import pytest

from trading_pipeline.domain.analysis.metrics import Metrics, metrics_of, r_metrics
from trading_pipeline.domain.backtest.codes import OrderKind
from trading_pipeline.domain.backtest.config import Costs
from trading_pipeline.domain.backtest.engine import run_backtest
from trading_pipeline.domain.backtest.figures import FIGURES, summarise
from trading_pipeline.domain.backtest.records import TRADE
from trading_pipeline.domain.backtest.results import BacktestResult
from trading_pipeline.domain.backtest.signals import EntrySignals
from trading_pipeline.domain.backtest.translate import Funding, SymbolInput
from trading_pipeline_tests.domain.backtest.cases import HOUR_MS, bars_of, config_of

# Two longs of 10 at 100 with a stop at 99, so 10 USDT at risk each; fees are 10 bps of each side's notional.
# The first leaves at 100.3 after funding of 0.12 % of 1 000, the second at 100.5.
#
#            gross   fees                    funding   net       gross R   net R
# first      3       1 + 1.003 = 2.003       1.2       -0.203    0.3       -0.0203
# second     5       1 + 1.005 = 2.005       0          2.995    0.5        0.2995
CLOSES = (100.0, 100.0, 100.3, 100.0, 100.5, 100.5)
EXPECTED = {
    "net_profit": 2.792,
    "win_rate_pct": 50.0,
    "gross_win_rate_pct": 100.0,
    "profit_factor": 2.995 / 0.203,
    "gross_profit_factor": 100.0,  # nothing lost: the cap
    "profit_of_winners": 2.995,
    "loss_of_losers": 0.203,
    "gross_profit": 8.0,
    "gross_loss": 0.0,
    "expectancy": 0.5 * 2.995 - 0.5 * 0.203,
    "gross_expectancy": 4.0,
    "payoff_ratio": 2.995 / 0.203,
    "sum_r": 0.2792,
    "average_r": 0.1396,
    "gross_sum_r": 0.8,
    "gross_average_r": 0.4,
    "max_drawdown_r": -0.0203,
    "fees": 4.008,
    "funding": 1.2,
}


@pytest.fixture
def run() -> BacktestResult:
    bars = bars_of([(close, close, close, close) for close in CLOSES])
    market, leave = int(OrderKind.MARKET), int(OrderKind.EXIT)
    signals = EntrySignals(
        np.array([0, 2, 3, 4]),
        np.ones(4, np.int64),
        np.array([99.0, np.nan, 99.0, np.nan]),
        np.array([market, leave, market, leave]),
        quantity=np.array([10.0, np.nan, 10.0, np.nan]),
    )
    # due in the second hour, which the first position is held through
    funding = Funding(np.array([HOUR_MS * 3 // 2]), np.array([0.0012]))
    config = config_of(costs=Costs(maker_fee_bps=10.0, taker_fee_bps=10.0))
    return run_backtest(config, {"BTCUSDT": SymbolInput(bars, signals, funding=funding)})


@pytest.fixture
def metrics(run: BacktestResult) -> Metrics:
    return metrics_of(run, HOUR_MS)


@pytest.mark.parametrize("prefix", ["", "long_"])
@pytest.mark.parametrize("name", EXPECTED)
def test_fees_and_funding_turn_a_gross_win_into_a_net_loss(metrics: Metrics, prefix: str, name: str) -> None:
    assert metrics[prefix + name] == pytest.approx(EXPECTED[name], abs=1e-9)


def test_a_trade_carries_its_result_before_and_after_costs(run: BacktestResult) -> None:
    first = run.trade_list()[0]
    assert (first.gross_pnl, first.pnl) == (pytest.approx(3.0), pytest.approx(-0.203))
    assert (first.gross_pnl_r, first.pnl_r) == (pytest.approx(0.3), pytest.approx(-0.0203))


def test_a_side_without_trades_won_nothing_and_has_no_average(metrics: Metrics) -> None:
    assert (metrics["short_trades"], metrics["short_profit_factor"], metrics["short_gross_profit"]) == (0.0, 0.0, 0.0)
    assert np.isnan(metrics["short_average_r"])


def test_the_compiled_figures_are_these_too() -> None:
    trades = np.zeros(3, TRADE)
    trades["gross"] = (3.0, 5.0, -1.0)
    trades["fees"] = (2.003, 2.005, 0.0)
    trades["funding"] = (1.2, 0.0, 0.0)
    trades["risk"] = (10.0, 10.0, np.nan)  # the third had no stop
    (row,) = found = np.zeros(1, FIGURES)
    summarise(trades, np.array([10_000.0, 10_001.792]), 10_000.0, 1.0, row)
    expected = {
        "win_rate_pct": 100.0 / 3.0,
        "gross_win_rate_pct": 200.0 / 3.0,
        "profit_factor": 2.995 / 1.203,
        "gross_profit_factor": 8.0,
        "average_r": 0.1396,
        "gross_average_r": 0.4,
        "fees": 4.008,
        "funding": 1.2,
    }
    assert {name: float(found[name][0]) for name in expected} == pytest.approx(expected)


def test_trades_without_a_stop_have_no_part_in_figures_in_r() -> None:
    figures = r_metrics(np.array([0.5, np.nan, -1.0]), np.array([0.6, np.nan, -0.9]))
    assert (figures["sum_r"], figures["average_r"], figures["gross_average_r"]) == pytest.approx((-0.5, -0.25, -0.15))
    assert np.isnan(r_metrics(np.array([np.nan]), np.array([np.nan]))["average_r"])
