"""What a run is known by: equal runs have one name, and whatever could change a result changes it."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from trading_pipeline.domain.backtest.config import BacktestConfig
from trading_pipeline.domain.backtest.translate import Funding
from trading_pipeline.domain.model.signals import Details
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.strategies.framework.arrays import BarArrays
from trading_pipeline.domain.strategies.registry import strategy_named
from trading_pipeline.services.research.backtest_lanes import lanes_of, seen_bars
from trading_pipeline.services.research.backtest_provenance import provenance, run_id_of
from trading_pipeline.services.research.backtest_request import BacktestRequest
from trading_pipeline.services.research.research_window import Window
from trading_pipeline.services.research.sample_bars import sample_bars
from trading_pipeline_tests.testkit.research import a_request

BTC = "BTCUSDT.BYBIT"


def params_of(request: BacktestRequest) -> Details:
    runs = [replace(run, bars=seen_bars(request, run)) for run in request.runs]
    path = {instrument_id: BarArrays.of(frame) for instrument_id, frame in request.path.items()}
    return provenance(request, runs, lanes_of(request, runs), path)


def run_id(request: BacktestRequest) -> str:
    return run_id_of(params_of(request))


def test_equal_bars_rules_and_code_make_an_equal_run_id() -> None:
    first = run_id(a_request())
    assert run_id(a_request()) == first
    changed = [
        a_request(code_version="other"),
        a_request(config=BacktestConfig().with_values({"taker_fee_bps": 1.0})),
        a_request(strategy=strategy_named("ema_cross", {"fast_period": 11})),
        a_request(window=Window(start=datetime(2024, 3, 1, tzinfo=UTC))),
        a_request(("ETHUSDT.BYBIT",)),
        a_request(fees={BTC: {"taker_fee_bps": 1.0}}),
        a_request(path={BTC: sample_bars(BTC, Timeframe.M15, 400)}),
        a_request(funding={BTC: Funding(np.array([1_704_067_200_000]), np.array([0.0003]))}),
    ]
    assert len({run_id(request) for request in changed} | {first}) == 9


def test_missing_bars_are_counted() -> None:
    bars = sample_bars(BTC, Timeframe.H1, 1_000).drop(index=[10, 11, 500]).reset_index(drop=True)
    described = params_of(a_request(bars={BTC: bars}))["bars"]
    assert isinstance(described, dict)
    assert described[BTC]["missing"] == 3
