"""The stages that a bar goes through, each an asset a timeframe."""

from collections.abc import Sequence

from trading_pipeline.domain.model.timeframes import Timeframe

STAGES = ("bars", "indicator_snapshots", "signals", "trade_plans")
"""Each is made of the one before it."""


def stage_assets(timeframes: Sequence[Timeframe]) -> dict[str, tuple[str, ...]]:
    """The assets of these timeframes, ``signals_15m``, each with those that are made of it, itself first."""
    return {
        f"{stage}_{timeframe}": tuple(f"{later}_{timeframe}" for later in STAGES[place:])
        for timeframe in timeframes
        for place, stage in enumerate(STAGES)
    }
