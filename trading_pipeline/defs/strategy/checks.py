"""Whether every strategy answered: one that fails takes its instrument out of the wave, and nothing else."""

from collections.abc import Iterator, Mapping

import dagster as dg

from trading_pipeline.defs.catalogue import STRATEGIES_ANSWER
from trading_pipeline.defs.market_data.partitions import UNIVERSE
from trading_pipeline.defs.operations.check_sensor import PROBLEMS
from trading_pipeline.domain.model.errors import StrategyFailed
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.resources.stores import Stores


def answered_now(
    context: dg.AssetExecutionContext, timeframe: Timeframe, failed: Mapping[InstrumentId, StrategyFailed]
) -> Iterator[dg.AssetCheckResult]:
    """The verdict on this run, with what each strategy did in its log."""
    for instrument_id, failure in failed.items():
        context.log.error(f"{instrument_id} {timeframe}: {failure}", exc_info=failure)
    yield from _verdict(context, timeframe, {name: str(failure) for name, failure in failed.items()})


def answered_of_old(context: dg.AssetExecutionContext, stores: Stores) -> Iterator[dg.AssetCheckResult]:
    """The verdict on the newest wave, for whoever asks the check alone."""
    for timeframe in UNIVERSE.timeframes:
        unanswered = stores.waves.newest_unanswered(timeframe)
        yield from _verdict(context, timeframe, dict.fromkeys(sorted(unanswered), "a strategy failed in the last wave"))


def _verdict(
    context: dg.AssetExecutionContext, timeframe: Timeframe, failed: Mapping[InstrumentId, str]
) -> Iterator[dg.AssetCheckResult]:
    key = dg.AssetCheckKey(dg.AssetKey(f"signals_{timeframe}"), STRATEGIES_ANSWER)
    # Dagster would store a verdict that the run was not asked for, with a warning.
    if key not in context.selected_asset_check_keys:
        return
    problems: dict[str, object] = {
        instrument_id: {
            # One id for whatever it raised: to fail otherwise at the next wave is no news.
            "ids": ["failed"],
            "bars": 0,
            "first": [f"{instrument_id} {timeframe}: {reason}"],
        }
        for instrument_id, reason in failed.items()
    }
    yield dg.AssetCheckResult(
        asset_key=key.asset_key,
        check_name=key.name,
        passed=not failed,
        severity=dg.AssetCheckSeverity.ERROR,
        description=f"no answer about {', '.join(failed)}" if failed else "every strategy answered",
        metadata={PROBLEMS: dg.MetadataValue.json(problems)} if failed else {},
    )
