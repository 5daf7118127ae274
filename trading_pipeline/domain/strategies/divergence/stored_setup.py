"""A divergence signal taken apart: the structure it saw, what confirmed it, its three extremes."""

from collections.abc import Mapping
from decimal import Decimal

import pandas as pd

from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.setups import Setup, SetupPivot
from trading_pipeline.domain.model.signals import Bias, Signal
from trading_pipeline.domain.strategies.divergence.ids import DivergenceIds


def stored_setup(signal: Signal, close_times: pd.DatetimeIndex) -> Setup:
    """The setup behind a signal of the divergence strategy.

    :param close_times: of the bars the signal was found in, which its pivots are positions of.
    :raises DataError: the signal carries no evidence of a divergence.
    """
    ids = DivergenceIds.of(signal.instrument_id, signal.timeframe, signal.close_time, signal.bias)
    evidence = signal.details
    pivots, hits = evidence.get("pivots"), evidence.get("confirmations")
    if not (isinstance(pivots, list) and len(pivots) == 3 and isinstance(hits, list)):
        raise DataError(f"signal {signal.signal_id} has no three pivots with confirmations: {sorted(evidence)}")
    kind = "LOW" if signal.bias is Bias.LONG else "HIGH"
    return Setup(
        signal_id=signal.signal_id,
        setup_id=ids.setup_id,
        trigger_id=ids.trigger_id,
        key=ids.key,
        instrument_id=signal.instrument_id,
        timeframe=signal.timeframe,
        close_time=signal.close_time,
        bias=signal.bias,
        setup_type=str(evidence["setup"]),
        hits=tuple(map(str, hits)),
        min_confirmations=int(str(evidence["min_confirmations"])),
        evidence={name: value for name, value in evidence.items() if name not in ("pivots", "confirmations")},
        pivots=tuple(
            _pivot(name, segment, pivot, kind, close_times)
            for segment, (name, pivot) in enumerate(zip(ids.pivot_ids, pivots, strict=True), 1)
        ),
    )


def _pivot(name: str, segment: int, pivot: Mapping[str, float], kind: str, close_times: pd.DatetimeIndex) -> SetupPivot:
    return SetupPivot(
        pivot_id=name,
        segment=segment,
        time=close_times[int(pivot["index"])].to_pydatetime(),
        # Ten digits: the price as it was, without the last bits of float64.
        price=Decimal(f"{pivot['price']:.10g}"),
        kind=kind,
        histogram=float(pivot["histogram"]),
    )
