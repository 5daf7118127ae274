"""Where the lanes of an account lie on the paths of their instruments, and their series, as flat arrays."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from trading_pipeline.domain.backtest.codes import EntriesBy, Smoothing
from trading_pipeline.domain.backtest.config import AtrTrail, BacktestConfig, PivotTrail
from trading_pipeline.domain.backtest.lanes import Lane
from trading_pipeline.domain.backtest.paths import path_of
from trading_pipeline.domain.backtest.records import (
    ENTRY,
    Column,
    Floats,
    Integers,
    Market,
    Records,
    new_positions,
    read_only,
)
from trading_pipeline.domain.backtest.translate import Funding
from trading_pipeline.domain.indicators.pivots import last_pivot_price, pivot_highs, pivot_lows
from trading_pipeline.domain.indicators.volatility import atr, atr_simple
from trading_pipeline.domain.model.errors import ConfigurationError, DataError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.portfolio.sizing import LEAST_VOLATILITY_PCT, SizingModel
from trading_pipeline.domain.strategies.framework.arrays import BarArrays

_NONE = np.empty(0)
_NO_BARS = np.empty(0, np.int64)
# ms to an event that does not come.
_NEVER = 2**62
AMOUNT_ATR_PERIOD = 14
"""Bars of the ATR (Wilder) that the live volatility model reads."""
Scale = tuple[float, int]
"""The volatility in percent that a sizing rule aims at, and the bars of the ATR (Wilder) it reads."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Lanes in their order, and the places of their bars.

    :param instrument_ids: in name order; ``paths`` has the path of each, ``first`` its first bar in the flat arrays
        of the path, and the end.
    :param own_first: first bar of each lane in the flat arrays of the lanes' series, and the end.
    :param dense: per lane, whether its bars are its instrument's path.
    """

    lanes: tuple[Lane, ...]
    instrument_ids: tuple[InstrumentId, ...]
    paths: tuple[BarArrays, ...]
    first: Integers
    own_first: Integers
    dense: tuple[bool, ...]

    @classmethod
    def of(cls, lanes: Sequence[Lane], fine: Mapping[InstrumentId, BarArrays]) -> "Layout":
        """Lay out lanes that are in their order.

        :param fine: finer bars by instrument.
        """
        instrument_ids = tuple(sorted({lane.instrument_id for lane in lanes}))
        paths = tuple(_path(instrument_id, lanes, fine) for instrument_id in instrument_ids)
        dense = tuple(_same(paths[instrument_ids.index(lane.instrument_id)], lane.given.bars) for lane in lanes)
        own_first = ends([len(lane.given.bars) for lane in lanes])
        return cls(tuple(lanes), instrument_ids, paths, ends([len(path) for path in paths]), own_first, dense)

    def path(self, lane: int) -> BarArrays:
        """The path that a lane is walked along."""
        return self.paths[self.instrument_ids.index(self.lanes[lane].instrument_id)]

    def closes(self, lane: int) -> Integers:
        """The bar of the flat path with which each bar of a lane closes."""
        start, bars = self.first[self.instrument_ids.index(self.lanes[lane].instrument_id)], self.lanes[lane].given.bars
        if self.dense[lane]:
            everywhere: Integers = start + np.arange(len(bars), dtype=np.int64)
            return everywhere
        places: Integers = start + np.searchsorted(self.path(lane).close_time_ms, bars.close_time_ms)
        return places

    def own_bars(self, lane: int, places: Integers) -> Integers:
        """The position in a lane's bars of the first that closes at or after bars of the flat path do."""
        places = places - self.first[self.instrument_ids.index(self.lanes[lane].instrument_id)]
        if self.dense[lane]:
            return places
        closes = self.lanes[lane].given.bars.close_time_ms
        found = np.searchsorted(closes, self.path(lane).close_time_ms[places])
        return np.minimum(found, len(closes) - 1)

    def waves(self, market: Market) -> Integers | None:
        """The waves in which a bar of some lane closes; ``None`` for all of them."""
        if all(self.dense[lane] for lane in range(len(self.lanes))):
            return None
        decided = [market.waves_of(self.closes(lane)) for lane in range(len(self.lanes))]
        return np.unique(np.concatenate(decided))


def ends(lengths: Sequence[int]) -> Integers:
    """Where parts of these lengths begin when they lie end to end, and the end."""
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def _path(instrument_id: InstrumentId, lanes: Sequence[Lane], fine: Mapping[InstrumentId, BarArrays]) -> BarArrays:
    """The path of one instrument, from one series of each timeframe."""
    series = {lane.bar_ms: lane.given.bars for lane in lanes if lane.instrument_id == instrument_id}
    return path_of(list(series.values()), fine.get(instrument_id))


def _same(path: BarArrays, bars: BarArrays) -> bool:
    """Whether the path is these bars."""
    return path is bars or np.array_equal(path.close_time_ms, bars.close_time_ms)


def refuse_unknown_closes(layout: Layout) -> None:
    """Refuse a stop that would move at closes which are not there; lengths are milliseconds.

    :raises ConfigurationError: naming the lane, how often the stop moves and how fine its bars are.
    """
    for number, lane in enumerate(layout.lanes):
        trail, path = lane.config.exits.trail, layout.path(number)
        if trail is None or trail.every == 0:
            continue
        every, lengths = trail.every, path.close_time_ms - path.open_time_ms
        # Closes that stand as instants of their own have no length.
        finest = int(np.min(lengths[lengths > 0]))
        if every % finest or lane.bar_ms % every:
            raise ConfigurationError(
                f"{lane.label}: a trail every {every} ms on bars of {lane.bar_ms} ms with a path of {finest} ms; "
                "it must divide the one and be a multiple of the other"
            )


def positions_of(layout: Layout) -> Records:
    """A flat record per lane, with what is given of it."""
    lanes = layout.lanes
    positions = new_positions(len(lanes))
    homes: dict[str, int] = {}
    paces: dict[tuple[str, int], int] = {}
    for number, lane in enumerate(lanes):
        p = positions[number]
        instrument_id = layout.instrument_ids.index(lane.instrument_id)
        p["instrument_id"], p["last_bar"] = instrument_id, layout.first[instrument_id + 1] - 1
        p["home"] = homes.setdefault(lane.instrument_id, number)
        p["pace"] = paces.setdefault((lane.instrument_id, lane.bar_ms), number)
        p["bar_ms"], p["dense"] = lane.bar_ms, layout.dense[number]
        p["shift"], p["own_last"] = (
            layout.own_first[number] - layout.first[instrument_id],
            layout.own_first[number + 1] - 1,
        )
        for name in ("price_increment", "quantity_increment", "min_quantity", "min_notional", "max_quantity"):
            p[name] = getattr(lane.given.steps, name)
    return positions


def entries_of(layout: Layout, market: Market) -> tuple[Records, Integers | None]:
    """All signals as rows, in the order in which they are taken, and that order; ``None`` for as given.

    By wave, then the higher score, then the order of lanes; equal ones as they were given.
    """
    parts = [_rows_of(number, layout) for number in range(len(layout.lanes))]
    rows = parts[0] if len(parts) == 1 else np.concatenate(parts)
    rows["wave"] = market.waves_of(rows["bar"])
    if len(layout.lanes) == 1 and layout.lanes[0].config.limits.entries_by is EntriesBy.SYMBOL:
        return rows, None
    # lexsort takes its last key first, and leaves equal rows as they were given.
    order: Integers = np.lexsort((rows["lane"], -rows["score"], rows["wave"]))
    return rows[order], order


def _rows_of(number: int, layout: Layout) -> Records:
    """The signals of one lane."""
    lane = layout.lanes[number]
    signals, bars = lane.given.signals, lane.given.bars
    if len(signals) and not (signals.bar_index[0] >= 0 and signals.bar_index[-1] < len(bars)):
        raise DataError(
            f"{lane.label}: signals at bars {signals.bar_index[0]} to {signals.bar_index[-1]} of {len(bars)}"
        )
    rows = np.repeat(_plain_entry(number), len(signals))
    instrument_id = layout.instrument_ids.index(lane.instrument_id)
    places = signals.bar_index
    if not layout.dense[number]:
        places = np.searchsorted(layout.paths[instrument_id].close_time_ms, bars.close_time_ms[signals.bar_index])
    rows["bar"], rows["own"] = layout.first[instrument_id] + places, layout.own_first[number] + signals.bar_index
    rows["direction"], rows["stop"] = signals.direction, signals.stop_price
    given = {"kind": signals.kind, "price": signals.limit_price, "quantity": signals.quantity}
    for name, column in (given | {"share": signals.share, "level": signals.level}).items():
        if column is not None:
            rows[name] = column
    if lane.config.limits.entries_by is EntriesBy.SCORE:
        if signals.score is None or not np.isfinite(signals.score).all():
            raise ConfigurationError(f"{lane.label}: entries_by score, but not every signal has one; give it")
        rows["score"] = signals.score
    weigh(rows, lane.config, signals.bar_index, partial(scaled, bars))
    return rows


def _plain_entry(lane: int) -> Records:
    """What a row says of a signal that leaves everything to the rules: at the market, the whole amount."""
    row = np.zeros(1, ENTRY)
    row["lane"], row["price"], row["quantity"], row["share"] = lane, np.nan, np.nan, 1.0
    return row


def scales_of(config: BacktestConfig) -> tuple[Scale | None, Scale | None]:
    """By which volatilities the sizing weighs an entry: its share of the amount, and the live amount itself."""
    rule, amount = config.limits.volatility, config.limits.amount
    share = None if rule is None else (rule.target_pct, rule.period)
    if amount is None or amount.model is not SizingModel.VOLATILITY:
        return share, None
    return share, (float(amount.target_volatility_pct), AMOUNT_ATR_PERIOD)


def scaled(bars: BarArrays, scale: Scale) -> Floats:
    """At every bar, target over ATR in percent of the close; NaN while the ATR is unknown."""
    target, period = scale
    percent = 100.0 * atr(bars.high, bars.low, bars.close, period) / bars.close
    factor: Floats = target / np.maximum(percent, float(LEAST_VOLATILITY_PCT))
    return factor


def weigh(rows: Records, config: BacktestConfig, bars: Integers, factors: Callable[[Scale], Floats]) -> None:
    """Weigh one lane's entries by the volatility at their bars, where the sizing reads it.

    :param bars: positions of the entries in the lane's bars.
    :param factors: ``scaled`` of those bars.
    """
    share, amount = scales_of(config)
    rows["volatility_scale"] = 1.0 if amount is None else factors(amount)[bars]
    if share is not None:
        rows["share"] *= factors(share)[bars]


def market_of(layout: Layout) -> Market:
    """The paths of all instruments and the series of all lanes, each end to end."""
    paths, lanes = layout.paths, layout.lanes
    close_ms, wave = paths[0].close_time_ms, _NO_BARS
    if len(paths) > 1:
        close_ms, wave = np.unique(_joined([one.close_time_ms for one in paths]), return_inverse=True)
    funding, gaps, until = _funding(layout)
    sparse = not all(layout.dense)
    return Market(
        first=read_only(layout.first),
        wave=read_only(wave.astype(np.int64, copy=False)),
        open_ms=read_only(_joined([one.open_time_ms for one in paths])),
        open=read_only(_joined([one.open for one in paths])),
        high=read_only(_joined([one.high for one in paths])),
        low=read_only(_joined([one.low for one in paths])),
        close=read_only(_joined([one.close for one in paths])),
        close_ms=read_only(close_ms),
        funding_rate=read_only(funding),
        gap_rate=read_only(gaps),
        until_funding=read_only(until),
        own_close=read_only(_joined([layout.closes(i) for i in range(len(lanes))]) if sparse else _NO_BARS),
        atr=read_only(_joined([_ranges(lane) for lane in lanes])),
        pivot_low=read_only(_joined([_pivots(lane, "low") for lane in lanes])),
        pivot_high=read_only(_joined([_pivots(lane, "high") for lane in lanes])),
        momentum=read_only(_joined([_momentum(lane) for lane in lanes])),
    )


def _joined(columns: Sequence[Column]) -> Column:
    """End to end, without a copy when there is one."""
    return columns[0] if len(columns) == 1 else np.concatenate(columns)


def _ranges(lane: Lane) -> Floats:
    """The runner's average true range, quote currency; any array of that length where nothing reads it."""
    bars, rule = lane.given.bars, lane.config.exits.trail
    if not isinstance(rule, AtrTrail):
        return bars.close
    average = atr if rule.smoothing == Smoothing.WILDER else atr_simple
    return average(bars.high, bars.low, bars.close, rule.period)


def _pivots(lane: Lane, side: str) -> Floats:
    """Price (quote currency) of the newest pivot known at each close; any array of that length where none is read."""
    bars, rule = lane.given.bars, lane.config.exits.trail
    if not isinstance(rule, PivotTrail):
        return bars.close
    price = bars.low if side == "low" else bars.high
    find = pivot_lows if side == "low" else pivot_highs
    return last_pivot_price(price, find(price, rule.left, rule.right), rule.right)


def _momentum(lane: Lane) -> Floats:
    """The momentum series that the next-bar exit reads."""
    # Any array of the right length: it is never read, and an empty one would need a compiled form of its own.
    if not lane.config.exits.next_bar_exit:
        return lane.given.bars.close
    series = lane.given.momentum
    if series is None or len(series) != len(lane.given.bars):
        raise ConfigurationError(f"{lane.label}: next_bar_exit needs a momentum series with one value per bar")
    return series


def _funding(layout: Layout) -> tuple[Floats, Floats, Integers]:
    """Per bar of the paths the rates (fractions of notional) paid at its close and at its open, ms to the next event.

    All are empty without any events.
    """
    given: dict[InstrumentId, Funding] = {
        lane.instrument_id: lane.given.funding for lane in layout.lanes if lane.given.funding
    }
    if not given:
        return _NONE, _NONE, _NO_BARS
    at_close, at_open = np.zeros(layout.first[-1]), np.zeros(layout.first[-1])
    until = np.full(layout.first[-1], _NEVER)
    for number, (instrument_id, path) in enumerate(zip(layout.instrument_ids, layout.paths, strict=True)):
        if instrument_id not in given:
            continue
        start, events = layout.first[number], given[instrument_id]
        coming = np.searchsorted(events.time_ms, path.close_time_ms, side="right")
        ahead = np.flatnonzero(coming < len(events.time_ms))
        until[start + ahead] = events.time_ms[coming[ahead]] - path.close_time_ms[ahead]
        # The first bar to close at or after the event; the event is its own if it came after the open.
        bar = np.searchsorted(path.close_time_ms, events.time_ms, side="left")
        known = (bar < len(path)) & (events.time_ms > path.open_time_ms[0])
        bar, time_ms, rate = bar[known], events.time_ms[known], events.rate[known]
        inside = time_ms > path.open_time_ms[bar]
        np.add.at(at_close, start + bar[inside], rate[inside])
        np.add.at(at_open, start + bar[~inside], rate[~inside])
    return at_close, at_open if at_open.any() else _NONE, until
