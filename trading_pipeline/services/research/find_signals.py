"""What a strategy says about given bars, with its evidence."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from trading_pipeline.domain.model.signals import Bias, Details
from trading_pipeline.domain.strategies.framework.base import Strategy
from trading_pipeline.domain.strategies.framework.higher_timeframes import with_resampled
from trading_pipeline.services.research.research_window import Window, in_window


@dataclass(frozen=True, slots=True)
class SignalRecord:
    """One signal for people and programs outside.

    :param bar_index: position among the bars that were given, from 0; likewise the pivots'.
    :param time: closing instant of the deciding bar, UTC: the earliest moment the signal is known.
    :param pivots: ``index``, ``price``, ``histogram`` each; empty for strategies without pivots.
    :param divergence_score: ``None``, like ``confluence_score``, for strategies that have no such score.
    """

    bar_index: int
    time: datetime
    bias: Bias
    entry_price: float
    stop_price: float
    pivots: list[object]
    confirmations: list[object]
    divergence_score: float | None
    confluence_score: float | None
    score: float


def find_signals(strategy: Strategy, bars: pd.DataFrame, window: Window) -> list[SignalRecord]:
    """Signals of the bars in the window, each from its own bar and earlier ones.

    :raises DataError: fewer bars than the strategy's warm-up, or bars that no decision may be taken from.
    """
    strategy.require_warmup(bars)
    # Over all bars, and cut afterwards: the window's first bars need what lies before them.
    found = strategy.signals(with_resampled(strategy, bars))
    inside = in_window(bars, window)[found["bar_index"].to_numpy(np.int64)]
    closes = bars["close_time"]
    return [_record(row, closes.iloc[int(row["bar_index"])]) for row in found[inside].to_dict("records")]


def _record(row: Mapping[str, object], close_time: pd.Timestamp) -> SignalRecord:
    details = row["details"]
    evidence: Details = details if isinstance(details, dict) else {}
    return SignalRecord(
        bar_index=_whole(row["bar_index"]),
        time=close_time.to_pydatetime(),
        bias=Bias(str(row["bias"])),
        entry_price=_number(row["entry_price"]),
        stop_price=_number(row["stop_price"]),
        pivots=_listed(evidence.get("pivots")),
        confirmations=_listed(evidence.get("confirmations")),
        divergence_score=_optional(evidence.get("divergence_score")),
        confluence_score=_optional(evidence.get("confluence_score")),
        score=_number(row["score"]),
    )


def _number(value: object) -> float:
    return float(value)  # type: ignore[arg-type]


def _whole(value: object) -> int:
    return int(value)  # type: ignore[call-overload, no-any-return]


def _optional(value: object) -> float | None:
    return None if value is None else _number(value)


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []
