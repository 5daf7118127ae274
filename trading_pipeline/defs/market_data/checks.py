"""Data-gap alerts: what the stored verdicts say, summed up per run.

They do not block. Dagster evaluates a check once for all instruments of a run, so a blocking one would let
one bad instrument stop the wave; services skip the unsound instruments instead, and the gate asks the stored
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
    """One result per question, naming instruments and intervals."""
    return [_result(name, [one for one in report.failed if one.name == name], gaps, timeframe) for name in CheckName]


def _result(
    name: CheckName, failed: Sequence[DataCheck], gaps: Sequence[GapReport], timeframe: Timeframe
) -> dg.AssetCheckResult:
    # a verdict needs a bar, so bars missing at the end of the range, or all of them, show in the gaps alone
    holes = [gap for gap in gaps if gap.missing] if name is CheckName.NO_GAP else []
    instrument_ids = sorted({one.instrument_id for one in failed} | {gap.instrument_id for gap in holes})
    intervals = [
        f"{one.instrument_id} {timeframe} bar closing {one.close_time:%Y-%m-%d %H:%M}: {one.detail}" for one in failed
    ]
    metadata: dict[str, dg.MetadataValue] = {
        "instrument_ids": dg.MetadataValue.json(instrument_ids),
        "intervals": dg.MetadataValue.json([*(_hole(gap, timeframe) for gap in holes), *intervals][:_NAMED]),
        "bars_failed": dg.MetadataValue.int(len(failed)),
    }
    if name is CheckName.NO_GAP:
        metadata["bars_missing"] = dg.MetadataValue.int(sum(len(gap.missing) for gap in holes))
        metadata["not_fetched"] = dg.MetadataValue.json({gap.instrument_id: gap.failure for gap in gaps if gap.failure})
    return dg.AssetCheckResult(
        check_name=str(name),
        passed=not instrument_ids,
        severity=dg.AssetCheckSeverity.ERROR,
        description=f"not sound: {', '.join(instrument_ids)}" if instrument_ids else "every bar is sound",
        metadata=metadata,
    )


def _hole(gap: GapReport, timeframe: Timeframe) -> str:
    first, last = (f"{time:%Y-%m-%d %H:%M}" for time in (gap.missing[0], gap.missing[-1]))
    return f"{gap.instrument_id} {timeframe}: {len(gap.missing)} bars missing, opening from {first} to {last}"
