"""Data-gap alerts: what the stored verdicts say, summed up.

A verdict is about everything that is stored of the timeframe, whatever the run touched, so it stays red until
the bar to blame is cured. They do not block: one bad instrument would stop the wave of all. Services skip the
unsound instruments instead, and the gate asks the stored verdict of the exact bar.
"""

import hashlib
from collections.abc import Iterator, Sequence

import dagster as dg

from trading_pipeline.defs.market_data.partitions import UNIVERSE, wave_of
from trading_pipeline.defs.operations.check_sensor import PROBLEMS
from trading_pipeline.domain.model.checks import CheckName, FailedBars
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.resources.stores import Stores
from trading_pipeline.services.market_data.fill_gaps import GapReport
from trading_pipeline.services.market_data.judge_stored_bars import judge_stored_bars
from trading_pipeline.services.market_data.missing_ends import missing_ends

CHECKS = [str(name) for name in CheckName]
_NAMED = 20
"""Reasons listed in the metadata; the rest is counted."""
_TOLD = 3
"""Reasons of one instrument that a message to the operator names."""
_TOLD_APART = 100
"""Bars to blame of one instrument that are told apart; the rest counts as one problem."""


def judged_alone(context: dg.AssetExecutionContext, stores: Stores) -> Iterator[dg.AssetCheckResult]:
    """Checks that somebody launched without their assets: everything that is stored is judged again."""
    for timeframe in UNIVERSE.timeframes:
        if _asked(context, timeframe):
            judge_stored_bars(
                stores.bars,
                stores.checks,
                UNIVERSE.instrument_ids,
                timeframe,
                UNIVERSE.history_start,
                UNIVERSE.holes,
            )
            yield from check_results(context, stores, stores.checks.failed_bars(timeframe), [], timeframe)


def _asked(context: dg.AssetExecutionContext, timeframe: Timeframe) -> set[str]:
    """Names of the timeframe's checks that the run asks."""
    bars = dg.AssetKey(f"bars_{timeframe}")
    return {key.name for key in context.selected_asset_check_keys if key.asset_key == bars}


def check_results(
    context: dg.AssetExecutionContext,
    stores: Stores,
    failed: Sequence[FailedBars],
    gaps: Sequence[GapReport],
    timeframe: Timeframe,
) -> Iterator[dg.AssetCheckResult]:
    """One result per question that the run asks, naming instruments and reasons."""
    ours = [one for one in failed if one.instrument_id in UNIVERSE.instrument_ids]
    # What the run found missing itself is not told a second time as a missing end.
    told = {gap.instrument_id for gap in gaps if gap.missing}
    # a wave has looked for the newest bar of every instrument itself
    ends = [] if wave_of(context) else missing_ends(stores.bars, stores.waves, UNIVERSE.instrument_ids, timeframe)
    holes = [*gaps, *(end for end in ends if end.instrument_id not in told)]
    asked = _asked(context, timeframe)
    for name in CheckName:
        if str(name) in asked:
            yield _result(name, [one for one in ours if one.name == name], holes, timeframe)


def _result(
    name: CheckName, failed: Sequence[FailedBars], gaps: Sequence[GapReport], timeframe: Timeframe
) -> dg.AssetCheckResult:
    # a verdict needs a bar, so bars missing at the end of the range, or all of them, show in the gaps alone
    holes = [gap for gap in gaps if gap.missing] if name is CheckName.NO_GAP else []
    instrument_ids = sorted({one.instrument_id for one in failed} | {gap.instrument_id for gap in holes})
    reasons = [*(_hole(gap, timeframe) for gap in holes), *(_reason(one, timeframe) for one in failed)]
    metadata: dict[str, dg.MetadataValue] = {
        "instrument_ids": dg.MetadataValue.json(instrument_ids),
        "reasons": dg.MetadataValue.json(reasons[:_NAMED]),
        "bars_failed": dg.MetadataValue.int(sum(one.bars for one in failed)),
    }
    if instrument_ids:
        metadata[PROBLEMS] = dg.MetadataValue.json({one: _problem(one, failed, reasons) for one in instrument_ids})
    if name is CheckName.NO_GAP:
        metadata["bars_missing"] = dg.MetadataValue.int(sum(len(gap.missing) for gap in holes))
        metadata["not_fetched"] = dg.MetadataValue.json({gap.instrument_id: gap.failure for gap in gaps if gap.failure})
    return dg.AssetCheckResult(
        asset_key=f"bars_{timeframe}",
        check_name=str(name),
        passed=not instrument_ids,
        severity=dg.AssetCheckSeverity.ERROR,
        description=f"not sound: {', '.join(instrument_ids)}" if instrument_ids else "every stored bar is sound",
        metadata=metadata,
    )


def _problem(instrument_id: str, failed: Sequence[FailedBars], reasons: Sequence[str]) -> dict[str, object]:
    """Of one instrument. The bar to blame makes the id: how many bars it spoils, and up to when, grows with each wave.

    Bars missing at the end have no verdict yet, so they are one problem for as long as nothing follows them.
    """
    ours = [one for one in failed if one.instrument_id == instrument_id]
    details = [one.detail for one in ours] or ["bars missing at the end"]
    apart, rest = details[:_TOLD_APART], details[_TOLD_APART:]
    told = [reason for reason in reasons if reason.startswith(f"{instrument_id} ")]
    return {
        "ids": [
            hashlib.sha256(text.encode()).hexdigest()[:12] for text in (*apart, *(["".join(rest)] if rest else []))
        ],
        "bars": sum(one.bars for one in ours),
        "first": [*told[:_TOLD], *([f"and {len(told) - _TOLD} more of it"] if len(told) > _TOLD else [])],
    }


def _reason(failed: FailedBars, timeframe: Timeframe) -> str:
    first, last = (f"{time:%Y-%m-%d %H:%M}" for time in (failed.first_close, failed.last_close))
    return f"{failed.instrument_id} {timeframe}: {failed.detail}: {failed.bars} bars, closing from {first} to {last}"


def _hole(gap: GapReport, timeframe: Timeframe) -> str:
    first, last = (f"{time:%Y-%m-%d %H:%M}" for time in (gap.missing[0], gap.missing[-1]))
    return f"{gap.instrument_id} {timeframe}: {len(gap.missing)} bars missing, opening from {first} to {last}"
