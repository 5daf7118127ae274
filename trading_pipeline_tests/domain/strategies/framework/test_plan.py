"""Which strategies run on which timeframes."""

from dataclasses import replace

from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.strategies.framework.plan import running
from trading_pipeline_tests.testkit.bare_replay import strategy_plan


def test_files_per_symbol_make_one_strategy_run() -> None:
    of_btc = replace(strategy_plan("ema_atr", Timeframe.H1), instrument_ids=("BTCUSDT",))
    of_sol = replace(of_btc, instrument_ids=("SOLUSDT",), timeframes=(Timeframe.M15, Timeframe.H1))
    assert running([of_btc, of_sol]) == [("ema_atr", Timeframe.H1), ("ema_atr", Timeframe.M15)]
