"""What bars say that is worth a look and spoils nothing: jumps, volumes, states of the market.

Thresholds and words of docs/data_checks.md; no threshold of theirs keeps a bar from being traded on.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view

from trading_pipeline.domain.indicators.volatility import atr
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.partitions import PartitionRange
from trading_pipeline.domain.model.possible_bars import possible
from trading_pipeline.domain.model.quality import QualityEvent, QualityKind, QualityRules, Severity
from trading_pipeline.domain.model.timeframes import Timeframe

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

NORMAL, HIGH_VOL, NEWS_WINDOW = "NORMAL", "HIGH_VOL", "NEWS_WINDOW"

_LEAST_VOLUMES = 10
"""Positive volumes without which there is no median to compare with."""
_TOGETHER = 50_000
"""Bars whose windows are in memory at once: 12 MB of 30 bars before each."""
_LEAD = 10
"""Windows before the first bar that are read, as bars may lack among them."""


def notice_anomalies(frame: pd.DataFrame, scope: PartitionRange, rules: QualityRules) -> Iterator[QualityEvent]:
    """Everything that is noticed at the bars that a range computes.

    :param frame: consolidated bars of the range's windows.
    """
    asked_from = {name: part.start for part in scope.parts for name in part.instrument_ids}
    if not asks_for_states(rules):
        # States remember all bars before; the rest looks back on few, and a wave on the bars of one close.
        begin = min(asked_from.values()) - _LEAD * rules.volume_window * scope.timeframe.duration
        frame = frame[(frame["open_time"] >= begin).to_numpy()]
    # Of a bar that cannot have been nothing more need be said, and nothing compares with it.
    for name, rows in frame[possible(frame)].groupby("instrument_id", sort=False):
        first = int(rows["open_time"].searchsorted(pd.Timestamp(asked_from[InstrumentId(name)])))
        yield from _of_prices(rows.iloc[max(first - 1, 0) :], scope.timeframe, rules)
        yield from _of_volumes(rows, first, scope.timeframe, rules)
        yield from _of_states(rows, first, scope.timeframe, rules)


def asks_for_states(rules: QualityRules) -> bool:
    """Whether anything is a state of the market."""
    return rules.high_volatility > 0 or bool(rules.news_windows)


def _of_prices(rows: pd.DataFrame, timeframe: Timeframe, rules: QualityRules) -> Iterator[QualityEvent]:
    """Closes far from the one before; the first row is there for the second alone."""
    if rules.price_jump <= 0:
        return
    closes = rows["close"].to_numpy(np.float64)
    moves = np.abs(np.diff(closes)) / closes[:-1]
    for place in (np.flatnonzero(moves >= rules.price_jump) + 1).tolist():
        move = float(moves[place - 1])
        prices = {"prev_close": float(closes[place - 1]), "close": float(closes[place])}
        detail = {**prices, "jump_pct": move, "threshold_pct": rules.price_jump}
        yield _noted(QualityKind.PRICE_JUMP, move >= 2 * rules.price_jump, rows, place, timeframe, detail)


def _of_volumes(rows: pd.DataFrame, first: int, timeframe: Timeframe, rules: QualityRules) -> Iterator[QualityEvent]:
    """Volumes many times the usual, which is the median of the positive ones among the bars before."""
    volumes = rows["volume"].to_numpy(np.float64)
    traded = volumes[volumes > 0]
    if rules.volume_spike <= 0 or not len(traded):
        return
    # What is no multiple of the least volume is none of the median.
    places = first + np.flatnonzero(volumes[first:] >= rules.volume_spike * traded.min())
    for asked in np.array_split(places, len(places) // _TOGETHER + 1):
        usual = _usual_volumes(volumes, asked, rules.volume_window)
        for at in np.flatnonzero(volumes[asked] >= rules.volume_spike * usual).tolist():
            place = int(asked[at])
            multiple = float(volumes[place] / usual[at])
            found = {"volume": float(volumes[place]), "median_volume": float(usual[at]), "spike_multiple": multiple}
            detail = {**found, "threshold_multiple": rules.volume_spike, "window": rules.volume_window}
            important = multiple >= 2 * rules.volume_spike
            yield _noted(QualityKind.VOLUME_ANOMALY, important, rows, place, timeframe, detail)


def _usual_volumes(volumes: Floats, places: Integers, window: int) -> Floats:
    """Median of the positive volumes among the bars before each place; infinite where those are too few."""
    # Sorted row by row, as the median of each by itself takes longer than everything else that is done to a bar.
    padded = np.concatenate([np.full(window, np.nan), np.where(volumes > 0, volumes, np.nan)])
    before = np.sort(sliding_window_view(padded, window)[places], axis=1)
    count, row = (~np.isnan(before)).sum(axis=1), np.arange(len(places))
    # The two in the middle, which are one of an odd number; what is no volume stands behind them.
    lower, upper = before[row, np.maximum(count - 1, 0) // 2], before[row, np.minimum(count // 2, window - 1)]
    usual: Floats = np.where(count >= _LEAST_VOLUMES, (lower + upper) / 2, np.inf)
    return usual


def _of_states(rows: pd.DataFrame, first: int, timeframe: Timeframe, rules: QualityRules) -> Iterator[QualityEvent]:
    """States that a market comes into; that it is normal again is no event."""
    if not asks_for_states(rules):
        return
    high, low, close = (rows[name].to_numpy(np.float64) for name in ("high", "low", "close"))
    share = atr(high, low, close, rules.atr_period) / close
    wild = share >= rules.high_volatility if rules.high_volatility > 0 else np.zeros(len(close), np.bool_)
    before: list[str] = []
    for place in range(max(first - 1, 0), len(rows)):
        at = rows["close_time"].iloc[place].to_pydatetime()
        states = [HIGH_VOL if wild[place] else NORMAL] + [NEWS_WINDOW] * _in_news(at, rules)
        if place >= first and states not in (before, [NORMAL]):
            detail: dict[str, object] = {"states": states, "range_pct": float((high - low)[place] / close[place])}
            if np.isfinite(share[place]):
                detail |= {"atr": float(share[place] * close[place]), "atr_pct": float(share[place])}
            yield _noted(QualityKind.MARKET_STATE, True, rows, place, timeframe, detail)
        before = states


def _in_news(at: datetime, rules: QualityRules) -> bool:
    """Whether a closing instant (UTC) lies in a window of news."""
    now = at.time()
    return any(begin <= now < end if begin <= end else now >= begin or now < end for begin, end in rules.news_windows)


def _noted(
    kind: QualityKind,
    important: bool,
    rows: pd.DataFrame,
    place: int,
    timeframe: Timeframe,
    detail: Mapping[str, object],
) -> QualityEvent:
    close_time = rows["close_time"].iloc[place].to_pydatetime()
    severity = Severity.IMPORTANT if important else Severity.INFO
    name = InstrumentId(rows["instrument_id"].iloc[place])
    return QualityEvent(kind, severity, close_time, name, timeframe, close_time, detail)
