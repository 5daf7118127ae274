"""Does the backtest engine say of the last weeks what the pipeline did in them?"""

from collections.abc import Iterator
from datetime import datetime, timedelta

import dagster as dg
import pandas as pd

from trading_pipeline.defs.market_data.partitions import UNIVERSE
from trading_pipeline.domain.model.bars import OHLCV, Bar
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.resources.parameters import Parameters
from trading_pipeline.resources.stores import Stores
from trading_pipeline.resources.venue import Markets
from trading_pipeline.services.compare_parity import ParityReport

_CHECK = "pipeline_equals_engine"
_NAMED = 50


class ParityWindow(dg.Config):
    """What is compared."""

    days: int = 30
    """Up to the newest wave; less where the system has not run for so long."""
    path_timeframe: str = "5m"
    """Bars along which prices are taken to have moved inside a bar. The simulated venue's are 5m."""


@dg.asset(
    group_name="research",
    kinds={"postgres"},
    deps=[f"trade_plans_{timeframe}" for timeframe in UNIVERSE.timeframes],
    check_specs=[dg.AssetCheckSpec(_CHECK, asset="parity", description="No signal and no trade differs.")],
    description="Signals and trades of the pipeline beside those of the engine on the same bars, row by row.",
)
def parity(config: ParityWindow, stores: Stores, parameters: Parameters, markets: Markets) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Compare every enabled strategy on every timeframe that has waves."""
    reports = list(_reports(config, stores, parameters, markets))
    differences = [str(difference) for report in reports for difference in report.differences]
    return dg.MaterializeResult(
        metadata={
            "compared": dg.MetadataValue.md("\n".join(f"- {report.summary()}" for report in reports) or "nothing"),
            "differences": differences[:_NAMED],
        },
        check_results=[
            dg.AssetCheckResult(
                check_name=_CHECK,
                passed=not differences,
                severity=dg.AssetCheckSeverity.WARN,
                metadata={"differences": len(differences)},
            )
        ],
    )


def _reports(config: ParityWindow, stores: Stores, parameters: Parameters, markets: Markets) -> Iterator[ParityReport]:
    # here alone: the engine brings its compiler
    from trading_pipeline.domain.strategies.higher_timeframes import longer
    from trading_pipeline.services.book_evidence import BookEvidence
    from trading_pipeline.services.check_parity import check_parity
    from trading_pipeline.services.parity_question import ParityQuestion

    market_data = markets.market_data()
    instruments, path = market_data.instruments(), Timeframe.parse(config.path_timeframe)
    for plan in parameters.strategies:
        for timeframe in plan.timeframes:
            span = stores.history.live_span(timeframe)
            if span is None:
                continue
            start = max(span[0] - timeframe.duration, span[1] - timedelta(days=config.days))
            symbols = [symbol for symbol in UNIVERSE.symbols if plan.covers(symbol, timeframe)]
            fine = {symbol: _frame(market_data.bars(symbol, path, start, span[1])) for symbol in symbols}
            question = ParityQuestion(
                plan=plan,
                timeframe=timeframe,
                bars=_bars(stores, symbols, timeframe, span[1]),
                start=start,
                end=span[1],
                limits=parameters.risk,
                instruments=instruments,
                fine_bars={symbol: frame for symbol, frame in fine.items() if len(frame)},
                books=BookEvidence(stores.books, stores.calibrations),
                higher={one: _bars(stores, symbols, one, span[1]) for one in longer(plan.strategy, timeframe)},
            )
            yield check_parity(question, stores.signals, stores.history)


def _bars(stores: Stores, symbols: list[str], timeframe: Timeframe, end: datetime) -> dict[str, pd.DataFrame]:
    frame = stores.bars.frame(symbols, timeframe, UNIVERSE.history_start, end)
    return {str(symbol): rows.reset_index(drop=True) for symbol, rows in frame.groupby("symbol", sort=False)}


def _frame(bars: list[Bar]) -> pd.DataFrame:
    """The prices of some bars as a frame."""
    columns = {name: [float(getattr(bar, name)) for bar in bars] for name in OHLCV}
    times = {name: [getattr(bar, name) for bar in bars] for name in ("open_time", "close_time")}
    return pd.DataFrame({"symbol": [bar.symbol for bar in bars], **times, **columns})
