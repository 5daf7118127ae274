"""``trading-pipeline warm-up``: compile once what later commands would wait for."""

import typer


def warm_up() -> None:
    """Compile engine and strategies into their cache on disk; takes seconds once, and nothing when it is warm.

    The cache lies beside the package's sources, or in NUMBA_CACHE_DIR where they cannot be written to.
    """
    from trading_pipeline.cli.rules import TypedRules, read_rules
    from trading_pipeline.domain.backtest.config import BacktestConfig
    from trading_pipeline.domain.backtest.crosses import EmaCross
    from trading_pipeline.domain.backtest.sweep import ParameterSet, run_sweep
    from trading_pipeline.domain.model.identity import InstrumentId
    from trading_pipeline.domain.model.timeframes import Timeframe
    from trading_pipeline.domain.strategies.framework.arrays import BarArrays
    from trading_pipeline.domain.strategies.registry import strategy_names
    from trading_pipeline.services.research.backtest_request import BacktestRequest, StrategyRun
    from trading_pipeline.services.research.run_backtest import run_backtest
    from trading_pipeline.services.research.sample_bars import sample_bars
    from trading_pipeline.settings import Settings

    sample = InstrumentId("BTCUSDT.BYBIT")
    bars = sample_bars(sample, Timeframe.H1, 2_000)
    # Some strategies bring compiled code of their own.
    for name in strategy_names():
        rules = read_rules(Settings().config_dir, [name], TypedRules("", {}), Timeframe.H1)
        run = StrategyRun(rules.plans[0].strategy, Timeframe.H1, {sample: bars}, rules.configs[0])
        run_backtest(BacktestRequest([run], code_version=""))
    # A sweep brings its own signals, without stops, and compiles their source as well.
    swept = BacktestConfig().with_values({"stop_fraction": 0.02})
    run_sweep(BarArrays.of(bars), [ParameterSet(swept, EmaCross(10, 30))], workers=1)
    typer.echo("warm")
