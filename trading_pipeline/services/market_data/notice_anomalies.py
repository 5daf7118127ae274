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

NORMAL, HIGH_VOL, NEWS_WINDOW = "NORMAL", "HIGH_VOL", "NEWS_WINDOW"

_LEAST_VOLUMES = 10
"""Positive volumes without which there is no median to compare with."""
_AT_ONCE = 10_000
"""Bars whose volumes before them are held at once, a few megabytes; a year of minutes has half a million."""
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
    candidates = first + np.flatnonzero(volumes[first:] >= rules.volume_spike * traded.min())
    for places in np.split(candidates, range(_AT_ONCE, len(candidates), _AT_ONCE)):
        usual = _usual_volumes(volumes, places, rules.volume_window)
        spikes = volumes[places] >= rules.volume_spike * usual
        for place, median in zip(places[spikes].tolist(), usual[spikes].tolist(), strict=True):
            multiple = float(volumes[place] / median)
            found = {"volume": float(volumes[place]), "median_volume": median, "spike_multiple": multiple}
            detail = {**found, "threshold_multiple": rules.volume_spike, "window": rules.volume_window}
            important = multiple >= 2 * rules.volume_spike
            yield _noted(QualityKind.VOLUME_ANOMALY, important, rows, place, timeframe, detail)


def _usual_volumes(volumes: Floats, places: npt.NDArray[np.int64], window: int) -> Floats:
    """Median of the positive volumes among the ``window`` before each place; infinite where they are too few."""
    padded = np.concatenate([np.zeros(window), volumes])
    before = sliding_window_view(padded, window)[places]
    traded = np.count_nonzero(before > 0, axis=1)
    # Those that traded come first, and the median lies between the two in their middle, which may be one.
    ordered = np.sort(np.where(before > 0, before, np.inf), axis=1)
    row, middle = np.arange(len(places)), np.maximum(traded - 1, 0)
    usual = (ordered[row, middle // 2] + ordered[row, (middle + 1) // 2]) / 2
    return np.where(traded >= _LEAST_VOLUMES, usual, np.inf)


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
