"""Backtests of every configured strategy on every instrument, as partitions."""

import base64
from typing import TYPE_CHECKING

import dagster as dg

from trading_pipeline.adapters.parameters.strategies import configured_names
from trading_pipeline.defs.market_data.partitions import UNIVERSE
from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.strategies.framework.plan import StrategyConfig
from trading_pipeline.resources.parameters import Parameters
from trading_pipeline.resources.stores import Stores
from trading_pipeline.resources.venue import Markets
from trading_pipeline.settings import Settings

if TYPE_CHECKING:
    from trading_pipeline.services.research.run_backtest import BacktestRun

_SHOWN = ("trades", "net_profit_pct", "max_drawdown_pct", "sharpe_ratio", "win_rate_pct", "profit_factor", "sum_r")

STRATEGY_GRID = dg.MultiPartitionsDefinition(
    {
        "strategy": dg.StaticPartitionsDefinition(configured_names(Settings().config_dir)),
        "instrument": dg.StaticPartitionsDefinition(list(UNIVERSE.instrument_ids)),
    }
)
"""Strategy x instrument; parameters, exits, limits, slippage and funding are the configuration's, fees those that the
venue tells the account. All are part of the stored run."""

_EVERY_DAY = dg.AllPartitionMapping()
"""Bars of all days. Narrowed to the instrument's own it would be as true, and cost the daemon, which sensors share,
seconds of computing per timeframe and ten instruments."""


@dg.asset(
    partitions_def=STRATEGY_GRID,
    group_name="research",
    kinds={"postgres"},
    deps=[dg.AssetDep(f"bars_{timeframe}", partition_mapping=_EVERY_DAY) for timeframe in UNIVERSE.timeframes],
    description="What a strategy would have earned on all stored bars of an instrument, one run per timeframe.",
)
def backtests(
    context: dg.AssetExecutionContext, stores: Stores, parameters: Parameters, markets: Markets
) -> dg.MaterializeResult[None]:
    """Run, store, and show the curves."""
    key = STRATEGY_GRID.get_partition_key_from_str(context.partition_key).keys_by_dimension
    plan = parameters.configured(key["strategy"]).plan
    runs, refused = [], {}
    for timeframe in UNIVERSE.timeframes:
        try:
            runs.append(_run(plan, InstrumentId(key["instrument"]), timeframe, stores, markets))
        # One timeframe without enough bars must not take the others with it; the page says which and why.
        except DataError as error:
            refused[timeframe.value] = str(error)
    for run in runs:
        stores.research.backtests.save(run.record)
    return dg.MaterializeResult(
        metadata={
            "runs": {str(run.record.params["timeframe"]): run.record.run_id for run in runs},
            "metrics": {str(run.record.params["timeframe"]): _figures(run) for run in runs},
            "equity": dg.MetadataValue.md("\n\n".join(_picture(run) for run in runs)),
            "refused": refused,
        }
    )


def _run(
    plan: StrategyConfig, instrument_id: InstrumentId, timeframe: Timeframe, stores: Stores, markets: Markets
) -> "BacktestRun":
    # here alone: every process that knows the definitions would carry the compiler and the plotting otherwise
    from trading_pipeline.adapters.files.code_version import deciding_code_version
    from trading_pipeline.services.research.backtest_stored_bars import StoredMarket, backtest_stored_bars

    market = StoredMarket(stores.bars, markets.market_data(), UNIVERSE.finest, UNIVERSE.holes.policy)
    return backtest_stored_bars(market, plan, instrument_id, timeframe, markets.clock().now(), deciding_code_version())


def _figures(run: "BacktestRun") -> dict[str, float | None]:
    return {name: run.record.metrics.get(name) for name in _SHOWN}


def _picture(run: "BacktestRun") -> str:
    from trading_pipeline.adapters.reports.png import equity_png

    title = f"{run.record.params['strategy']} {run.record.params['timeframe']}"
    png = equity_png(run.record.curve, run.result.config.initial_capital, title)
    return f"**{title}** ![{title}](data:image/png;base64,{base64.b64encode(png).decode()})"
