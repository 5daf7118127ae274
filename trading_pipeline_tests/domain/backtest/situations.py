"""What happened in a run of the reference loop, by name, so that a test can ask whether everything did."""

from bisect import bisect_left
from collections.abc import Iterator
from itertools import pairwise

from trading_pipeline.domain.backtest.codes import EntriesBy, LegKind, OrderKind, Outcome, Timing
from trading_pipeline.domain.backtest.config import AtrTrail
from trading_pipeline_tests.domain.backtest.reference_inputs import Bar
from trading_pipeline_tests.domain.backtest.reference_loop import Reference
from trading_pipeline_tests.domain.backtest.reference_position import Position

LEVELS = (LegKind.LIQUIDATION, LegKind.STOP_LOSS, LegKind.BREAK_EVEN, LegKind.TRAILING_STOP, LegKind.TAKE_PROFIT)
ALL = {
    *(f"{kind.label} at an open" for kind in LEVELS),
    *(f"{kind.label} at a bar's extreme" for kind in LEVELS if kind is not LegKind.LIQUIDATION),
    "liquidation between ticks",
    "stop that a close put beyond itself",
    "runner behind the ATR",
    "runner behind a pivot",
    "runner at the finest closes",
    "layer after a target",
    "target that a layer put behind the close",
    "limit entry",
    "stop entry",
    "entry at the next open",
    "funding at a close",
    "funding between closes",
    "funding inside a hole",
    "funding at the open after a hole",
    "funding out of the margin",
    "point at a longer bar's close",
    "several instruments",
    "several timeframes",
    "entries by score",
    "signals of both sides at one close",
}
"""Every name but those of fills and outcomes."""


def situations(run: Reference) -> Iterator[str]:
    """Names of what happened, each as often as it did."""
    yield from (name for name, holds in _of_the_account(run).items() if holds)
    for lane in run.lanes:
        yield from (f"outcome {outcome.label}" for outcome in lane.outcomes)
        for rows in lane.rows.values():
            if {lane.signs[row] for row in rows if lane.kinds[row] is not OrderKind.EXIT} == {1, -1}:
                yield "signals of both sides at one close"
        filled = [kind for kind, outcome in zip(lane.kinds, lane.outcomes, strict=True) if outcome is Outcome.FILLED]
        yield from ("limit entry" for kind in filled if kind is OrderKind.LIMIT)
        yield from ("stop entry" for kind in filled if kind is OrderKind.STOP)
        if lane.config.execution.timing is Timing.NEXT_OPEN:
            yield from ("entry at the next open" for kind in filled if kind is OrderKind.MARKET)
    for trade in run.trades:
        path = run.paths[trade.lane.symbol]
        yield from _of_fills(trade, {bar.ms: bar for bar in path})
        yield from _of_funding(trade, path)


def _of_the_account(run: Reference) -> dict[str, bool]:
    return {
        "point at a longer bar's close": any(bar.open_ms == bar.ms for path in run.paths.values() for bar in path),
        "several instruments": len(run.paths) > 1,
        "several timeframes": len({lane.ms for lane in run.lanes}) > 1,
        "entries by score": run.lanes[0].config.limits.entries_by is EntriesBy.SCORE,
    }


def _of_fills(trade: Position, bars: dict[int, Bar]) -> Iterator[str]:
    exits, kinds = trade.lane.config.exits, [fill.kind for fill in trade.fills]
    yield from (f"fill {kind.label}" for kind in kinds)
    if (LegKind.TAKE_PROFIT, LegKind.ADD) in pairwise(kinds):
        yield "layer after a target"
    if any(
        one.kind is LegKind.ADD and other.kind is LegKind.TAKE_PROFIT and one.at == other.at
        for one, other in pairwise(trade.fills)
    ):
        yield "target that a layer put behind the close"
    for fill in trade.fills:
        bar, inside = bars[fill.at.bar_ms], fill.at.ms == fill.at.bar_ms
        if fill.kind in LEVELS and not inside:
            yield f"{fill.kind.label} at an open"
        elif fill.kind in LEVELS and fill.price in (bar.low, bar.high):
            yield f"{fill.kind.label} at a bar's extreme"
        elif fill.kind is LegKind.LIQUIDATION:
            yield "liquidation between ticks"
        if fill.kind is LegKind.TRAILING_STOP:
            yield "runner behind the ATR" if isinstance(exits.trail, AtrTrail) else "runner behind a pivot"
            if exits.trail is not None and exits.trail.every:
                yield "runner at the finest closes"
            if inside and trade.sign * (bar.close - trade.stop) < 0 and fill.price == bar.close:
                yield "stop that a close put beyond itself"


def _of_funding(trade: Position, path: list[Bar]) -> Iterator[str]:
    due, closes = trade.lane.given.funding, [bar.ms for bar in path]
    if trade.drained:
        yield "funding out of the margin"
    for ms in [] if due is None else due.time_ms.tolist():
        if trade.fills[0].at.ms < ms <= trade.fills[-1].at.ms:
            bar = path[bisect_left(closes, ms)]
            if bar.open_ms < ms:
                yield "funding at a close" if bar.ms == ms else "funding between closes"
            else:
                yield "funding at the open after a hole" if bar.open_ms == ms else "funding inside a hole"
