"""Data-gap alerts: what the stored verdicts say, summed up per run.

They do not block. Dagster evaluates a check once for all symbols of a run, so a blocking one would let
one bad symbol stop the wave; services skip the unsound symbols instead, and the gate asks the stored
verdict of the exact bar.
"""

from collections.abc import Sequence

import dagster as dg

from trading_pipeline.domain.model.checks import CheckName, DataCheck
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.services.market_data.check_bars import CheckReport
from trading_pipeline.services.market_data.fill_gaps import GapReport

CHECKS = [str(name) for name in CheckName]
_NAMED = 20
"""Intervals listed in the metadata; the rest is counted."""


def check_results(report: CheckReport, gaps: Sequence[GapReport], timeframe: Timeframe) -> list[dg.AssetCheckResult]:
    """One result per question, naming symbols and intervals."""
    return [_result(name, [one for one in report.failed if one.name == name], gaps, timeframe) for name in CheckName]


def _result(
    name: CheckName, failed: Sequence[DataCheck], gaps: Sequence[GapReport], timeframe: Timeframe
) -> dg.AssetCheckResult:
    # a verdict needs a bar, so bars missing at the end of the range, or all of them, show in the gaps alone
    holes = [gap for gap in gaps if gap.missing] if name is CheckName.NO_GAP else []
    symbols = sorted({one.symbol for one in failed} | {gap.symbol for gap in holes})
    intervals = [
        f"{one.symbol} {timeframe} bar closing {one.close_time:%Y-%m-%d %H:%M}: {one.detail}" for one in failed
    ]
    metadata: dict[str, dg.MetadataValue] = {
        "symbols": dg.MetadataValue.json(symbols),
        "intervals": dg.MetadataValue.json([*(_hole(gap, timeframe) for gap in holes), *intervals][:_NAMED]),
        "bars_failed": dg.MetadataValue.int(len(failed)),
    }
    if name is CheckName.NO_GAP:
        metadata["bars_missing"] = dg.MetadataValue.int(sum(len(gap.missing) for gap in holes))
        metadata["not_fetched"] = dg.MetadataValue.json({gap.symbol: gap.failure for gap in gaps if gap.failure})
    return dg.AssetCheckResult(
        check_name=str(name),
        passed=not symbols,
        severity=dg.AssetCheckSeverity.ERROR,
        description=f"not sound: {', '.join(symbols)}" if symbols else "every bar is sound",
        metadata=metadata,
    )


def _hole(gap: GapReport, timeframe: Timeframe) -> str:
    first, last = (f"{time:%Y-%m-%d %H:%M}" for time in (gap.missing[0], gap.missing[-1]))
    return f"{gap.symbol} {timeframe}: {len(gap.missing)} bars missing, opening from {first} to {last}"
