"""Does the plain backtest say of the last weeks what the pipeline did in them?"""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

from trading_pipeline.defs.market_data.partitions import UNIVERSE
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.risk.gate import live_only
from trading_pipeline.resources.limits_in_force import limits_in_force
from trading_pipeline.resources.parameters import Parameters
from trading_pipeline.resources.stores import Stores
from trading_pipeline.resources.venue import Markets

if TYPE_CHECKING:
    from trading_pipeline.services.research.compare_parity import ParityReport

_CHECK = "pipeline_equals_engine"
# More would not be read, and Dagster keeps metadata of every materialisation for good.
_NAMED = 50


class ParityWindow(dg.Config):
    """What is compared."""

    days: int = 30
    """Up to the newest wave, from the first moment at which the account held nothing."""
    path_timeframe: str = "5m"
    """Bars along which prices are taken to have moved inside a bar. The simulated venue's are 5m."""


@dg.multi_asset(
    name="parity",
    specs=[
        dg.AssetSpec(
            "parity",
            deps=[f"trade_plans_{timeframe}" for timeframe in UNIVERSE.timeframes],
            group_name="research",
            kinds={"postgres"},
            description="Signals, their outcomes and trades of the pipeline beside those of the plain backtest, "
            "row by row.",
        )
    ],
    check_specs=[dg.AssetCheckSpec(_CHECK, asset="parity", description="No signal and no trade differs.")],
    can_subset=True,
)
def parity(
    context: dg.AssetExecutionContext, config: ParityWindow, stores: Stores, parameters: Parameters, markets: Markets
) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """Compare every enabled strategy on every timeframe, as one account; asked for its check alone, say only that."""
    report = _report(config, stores, parameters, markets)
    differences = [] if report is None else [str(difference) for difference in report.differences]
    compared = "nothing: no wave was computed since the account held nothing" if report is None else report.summary()
    if context.selected_asset_keys:
        given = [] if report is None else list(report.given)
        yield dg.MaterializeResult(
            asset_key="parity", metadata={"compared": compared, "given": given, "differences": differences[:_NAMED]}
        )
    if context.selected_asset_check_keys:
        yield dg.AssetCheckResult(
            asset_key="parity",
            check_name=_CHECK,
            passed=not differences,
            severity=dg.AssetCheckSeverity.WARN,
            description=compared,
            metadata={"differences": len(differences), "first": differences[:_NAMED]},
        )


def _report(config: ParityWindow, stores: Stores, parameters: Parameters, markets: Markets) -> "ParityReport | None":
    # here alone: the engine brings its compiler
    from trading_pipeline.services.research.account_backtest import fees_of, steps_of
    from trading_pipeline.services.research.check_parity import check_parity
    from trading_pipeline.services.research.parity_question import ParityQuestion
    from trading_pipeline.services.research.parity_span import parity_span
    from trading_pipeline.services.research.path_bars import path_bars
    from trading_pipeline.services.research.stored_bars import stored_bars
    from trading_pipeline.services.strategy.book_evidence import BookEvidence

    ids = UNIVERSE.instrument_ids
    span = parity_span(stores.research.history, UNIVERSE.finest, timedelta(days=config.days))
    if span is None:
        return None
    market_data, path = markets.market_data(), Timeframe.parse(config.path_timeframe)
    instruments = market_data.instruments()
    question = ParityQuestion(
        plans=parameters.strategies,
        bars=stored_bars(stores.bars, ids, UNIVERSE.timeframes, UNIVERSE.history_start, span.end),
        start=span.start,
        end=span.end,
        capital=span.equity,
        steps=steps_of(instruments, ids),
        fees=fees_of(instruments, ids),
        path=path_bars(market_data, ids, path, span.start, span.end),
        holes=UNIVERSE.holes.policy,
        books=BookEvidence(stores.books, stores.research.calibrations),
        given=tuple(_given(span.equity, stores, Path(parameters.config_dir))),
    )
    return check_parity(question, stores.signals, stores.research.history)


def _given(equity: float, stores: Stores, config_dir: Path) -> Iterator[str]:
    """What the backtest is told because no configuration says it, in words.

    :param equity: quote currency, when nothing was held.
    """
    yield "ticks, lots and fees of the venue"
    yield f"equity {equity:.2f} at the start, when nothing was held"
    for name in live_only(limits_in_force(stores.engine, config_dir)):
        yield f"no {name}, which only the live gate asks"
    for key, value in stores.operations.limit_changes.values().items():
        yield f"{key} as its file has it: live it is {value}"
