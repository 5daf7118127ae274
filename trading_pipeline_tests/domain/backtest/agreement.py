"""The first thing, in time, in which an engine's result and the reference differ."""

import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeVar

from trading_pipeline.domain.backtest.codes import LegKind, Outcome
from trading_pipeline.domain.backtest.results import BacktestResult, Trade
from trading_pipeline_tests.domain.backtest.reference_inputs import LaneState
from trading_pipeline_tests.domain.backtest.reference_loop import Reference
from trading_pipeline_tests.domain.backtest.reference_position import Position

T = TypeVar("T")
TOLERANCE = 1e-9
"""Relative, and absolute next to zero."""
RUIN = 1e-4
"""Share of the capital below which an account is not followed any more: what is left is rounding."""


class Pair(NamedTuple):
    """The same thing on both sides, and when it was, UTC ms."""

    ms: int
    what: str
    engine: object
    reference: object


def difference(engine: BacktestResult, reference: Reference) -> str | None:
    """``None``, or instrument, what differs first, and both sides."""
    ruined = [ms for ms, equity in reference.curve if equity < RUIN * engine.config.initial_capital]
    until = min(ruined, default=math.inf)
    pairs = (*_outcomes(engine, reference), *_trades(engine, reference), *_equity(engine, reference))
    unequal = [pair for pair in pairs if pair.ms < until and not _equal(pair.engine, pair.reference)]
    if not unequal:
        return None
    first = min(unequal, key=lambda pair: pair.ms)
    return f"{first.what} at {first.ms}: engine {first.engine}, reference {first.reference}"


def _equal(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(_equal(*both) for both in zip(one, other, strict=True))
    return one == other


def _lanes(engine: BacktestResult, reference: Reference) -> Iterator[tuple[int, LaneState, str]]:
    """Every lane: its number in the result, its state in the reference, and how messages name it."""
    names = [(lane.instrument_id, lane.bar_ms, lane.strategy) for lane in engine.lanes]
    for lane in reference.lanes:
        yield (
            names.index((lane.symbol, lane.ms, lane.name)),
            lane,
            f"{lane.symbol} {lane.ms // 60_000}m {lane.name!r}",
        )


def _outcomes(engine: BacktestResult, reference: Reference) -> Iterator[Pair]:
    by_lane = engine.outcomes_by_lane()
    for number, lane, label in _lanes(engine, reference):
        for row, (one, other) in enumerate(zip(by_lane[number].tolist(), lane.outcomes, strict=True)):
            ms = lane.closes[lane.signals.bar_index[row]]
            yield Pair(ms, f"{label} signal {row}", Outcome(one).label, other.label)


def _trades(engine: BacktestResult, reference: Reference) -> Iterator[Pair]:
    trades = engine.trade_list()
    for number, lane, label in _lanes(engine, reference):
        ours = _numbered(
            ((one.entry_time_ms, one.exit_time_ms, one.legs[0].price), one) for one in trades if one.lane == number
        )
        theirs = _numbered(
            ((one.fills[0].at.ms, one.fills[-1].at.ms, one.fills[0].price), one)
            for one in reference.trades
            if one.lane is lane
        )
        for at in sorted({*ours, *theirs}):
            one, other = ours.get(at), theirs.get(at)
            yield Pair(at[0], f"{label} trade", one and _legs(one), other and _fills(other))
            if one and other:
                yield Pair(at[0], f"{label} trade's sums", _sums(one), _totals(other))


def _equity(engine: BacktestResult, reference: Reference) -> Iterator[Pair]:
    ours = dict(zip(engine.close_ms.tolist(), engine.equity.tolist(), strict=True))
    theirs = dict(reference.curve)
    for ms in sorted({*ours, *theirs}):
        yield Pair(ms, "equity", ours.get(ms), theirs.get(ms))


def _numbered(timed: Iterable[tuple[tuple[int, int, float], T]]) -> dict[tuple[int, int], T]:
    """By time of entry and, where several have one, by time of exit, then by price of entry."""
    found: dict[tuple[int, int], T] = {}
    for (entered, _, _), one in sorted(timed, key=lambda one: one[0]):
        found[entered, sum(key[0] == entered for key in found)] = one
    return found


def _legs(trade: Trade) -> object:
    return tuple((leg.kind.label, leg.time_ms, leg.fraction * trade.quantity, leg.price, leg.fee) for leg in trade.legs)


def _fills(trade: Position) -> object:
    return tuple((fill.kind.label, fill.at.ms, fill.quantity, fill.price, fill.fee) for fill in trade.fills)


def _sums(trade: Trade) -> object:
    return (
        (trade.entry_bar, trade.exit_bar, trade.layers),
        (trade.quantity, trade.entry_price, trade.exit_price),
        (trade.fees, trade.funding, trade.pnl),
    )


def _totals(trade: Position) -> object:
    fees = math.fsum(fill.fee for fill in trade.fills)
    exits = [fill for fill in trade.fills if fill.kind not in (LegKind.ENTRY, LegKind.ADD)]
    return (
        (trade.lane.place_of(trade.fills[0].at.bar_ms), trade.lane.place_of(exits[-1].at.bar_ms), trade.layers),
        (trade.entered, trade.average, math.fsum(fill.price * fill.quantity for fill in exits) / trade.entered),
        (fees, trade.funding, trade.gross - fees - trade.funding),
    )
