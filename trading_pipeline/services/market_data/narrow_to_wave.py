"""What a wave has to compute of its day."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from trading_pipeline.domain.model.checks import CheckName
from trading_pipeline.domain.model.partitions import PartitionRange
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.ports.stores.market_data.check_store import CheckStore
from trading_pipeline.ports.stores.market_data.wave_store import WaveStore


def narrow_to_wave(
    waves: WaveStore,
    checks: CheckStore,
    scope: PartitionRange,
    timeframes: Sequence[Timeframe],
    wave: datetime,
    decided_by: str,
) -> PartitionRange:
    """The wave's own bars, where the rows of all bars before them stand as they would be computed now.

    They do if the wave before is computed, by the same code and parameters, and no bar that closed by then
    was heard since; of an instrument for which one was, whose bars have a hole that may be healed by now, or about
    which a strategy failed in the wave before, the day is computed whole. In any other case it is for all.

    :param timeframes: those that are collected; a strategy may look at bars of longer ones.
    :param decided_by: digest of code and parameters.
    """
    before = wave - scope.timeframe.duration
    computed = waves.computed(before, scope.timeframe)
    # The first wave of a day has none before it in the day.
    if computed is None or computed.decided_by != decided_by or before < scope.start:
        return scope
    longer = [timeframe for timeframe in timeframes if timeframe.ms >= scope.timeframe.ms]
    late = waves.late(scope.instrument_ids, longer, computed.heard, before)
    failed = checks.failed(scope.instrument_ids, scope.timeframe, before - scope.timeframe.duration, before)
    # A hole may have been healed since; only a whole day shows what follows from that.
    holed = {check.instrument_id for check in failed if check.name is CheckName.NO_GAP}
    return replace(scope, computed_until=before, recomputed=frozenset(late | holed | computed.unanswered))
