"""What the pipeline did beside what the engine says of the same bars, row by row."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TypeVar

from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.signals import Signal, SignalKind
from trading_pipeline.domain.model.trade_history import SignalOutcome, TradeLeg, TradeRow

Row = TypeVar("Row")

PRICE_TOLERANCE = 2e-10
"""Relative: prices leave float64 with ten significant digits, so the last one may be rounded either way."""
MONEY_TOLERANCE = 1e-6
"""USDT: one side adds decimals, the other float64."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that is not the same on both sides; ``none`` stands for a row that one side lacks."""

    kind: str
    instrument_id: InstrumentId
    at: datetime
    field: str
    pipeline: str
    engine: str

    def __str__(self) -> str:
        where = f"{self.kind} {self.instrument_id} {self.at:%Y-%m-%d %H:%M}"
        return f"{where} {self.field}: pipeline {self.pipeline}, engine {self.engine}"


@dataclass(frozen=True, slots=True)
class ParitySide:
    """What one side says of the time in question: entry and exit signals, what became of the entries, trades."""

    signals: Sequence[Signal]
    outcomes: Sequence[SignalOutcome]
    trades: Sequence[TradeRow]


@dataclass(frozen=True, slots=True)
class ParityReport:
    """What was compared and what differs.

    :param strategies: each with its timeframe.
    :param signals: entry signals of the pipeline, likewise ``exits``, ``trades`` with ``legs`` and ``still_open``.
    :param not_entered: entry signals that the pipeline did not enter; the others opened a position or added to one.
    :param given: what the backtest was told because no configuration says it.
    """

    strategies: tuple[str, ...]
    start: datetime
    end: datetime
    signals: int
    exits: int
    trades: int
    legs: int
    still_open: int
    not_entered: int
    given: tuple[str, ...]
    differences: tuple[Difference, ...]

    @property
    def equal(self) -> bool:
        """Whether nothing differs."""
        return not self.differences

    def summary(self) -> str:
        """One line for people."""
        verdict = "equal" if self.equal else f"{len(self.differences)} DIFFERENCES"
        return (
            f"{', '.join(self.strategies)}, {self.start:%Y-%m-%d %H:%M} to {self.end:%Y-%m-%d %H:%M}: {verdict}; "
            f"{self.signals} entry and {self.exits} exit signals, {self.trades} trades with {self.legs} exits "
            f"({self.still_open} open), {self.not_entered} signals without entry; "
            f"given: {', '.join(self.given) or 'nothing'}"
        )


def compare_sides(pipeline: ParitySide, engine: ParitySide) -> list[Difference]:
    """Signals, then what became of each of them, then trades."""
    return [
        *compare_signals(pipeline.signals, engine.signals),
        *compare_outcomes(pipeline.outcomes, engine.outcomes),
        *compare_trades(pipeline.trades, engine.trades),
    ]


def compare_signals(pipeline: Sequence[Signal], engine: Sequence[Signal]) -> list[Difference]:
    """Entries and exits by id: same decisions, same version, same prices and score."""
    fields: dict[str, Callable[[Signal], object]] = {
        "strategy_version": lambda one: one.strategy_version,
        "entry_price": lambda one: float(one.entry_price),
        "stop_price": lambda one: None if one.stop_price is None else float(one.stop_price),
        "score": lambda one: float(one.score),
    }
    found = []
    for mine, other in _pairs(pipeline, engine, lambda one: one.signal_id):
        one = mine or other
        if one is None:
            continue
        described = ("signal" if one.kind is SignalKind.ENTRY else "exit signal", one.instrument_id, one.close_time)
        if mine is None or other is None:
            found.append(Difference(*described, str(one.bias), _presence(mine), _presence(other)))
        else:
            found += _field_differences(described, fields, mine, other)
    return found


def compare_outcomes(pipeline: Sequence[SignalOutcome], engine: Sequence[SignalOutcome]) -> list[Difference]:
    """What became of every entry signal, in the engine's words."""
    found = []
    for mine, other in _pairs(
        pipeline, engine, lambda one: (one.close_time, one.instrument_id, one.strategy, one.timeframe, one.bias)
    ):
        one = mine or other
        if one is not None and (mine is None or other is None or mine.outcome != other.outcome):
            told = [each.outcome if each else "none" for each in (mine, other)]
            found.append(
                Difference(
                    f"outcome {one.strategy} {one.timeframe}", one.instrument_id, one.close_time, str(one.bias), *told
                )
            )
    return found


def compare_trades(pipeline: Sequence[TradeRow], engine: Sequence[TradeRow]) -> list[Difference]:
    """Trades by strategy, instrument and deciding bar: same entries, same exits in the same bars, same money."""
    fields: dict[str, Callable[[TradeRow], object]] = {
        name: lambda one, name=name: getattr(one, name)  # type: ignore[misc]
        for name in ("bias", "entry_price", "quantity", "stop_price", "exit_reason")
    }
    money: dict[str, Callable[[TradeRow], object]] = {
        name: lambda one, name=name: getattr(one, name)  # type: ignore[misc]
        for name in ("pnl", "fees", "funding")
    }
    found = []
    for mine, other in _pairs(
        pipeline, engine, lambda one: (one.signalled_at, one.instrument_id, one.strategy, one.timeframe)
    ):
        one = mine or other
        if one is None:
            continue
        described = (f"trade {one.strategy} {one.timeframe}", one.instrument_id, one.signalled_at)
        if mine is None or other is None:
            found.append(Difference(*described, str(one.bias), _presence(mine), _presence(other)))
            continue
        found += _field_differences(described, fields, mine, other)
        found += _leg_differences(described, "entries", mine.entries, other.entries)
        found += _leg_differences(described, "exits", mine.legs, other.legs)
        found += _field_differences(described, money, mine, other, MONEY_TOLERANCE)
    return found


def _leg_differences(
    described: tuple[str, InstrumentId, datetime], word: str, pipeline: Sequence[TradeLeg], engine: Sequence[TradeLeg]
) -> list[Difference]:
    """Entries or exits in their order; ``word`` is what they are called."""
    if len(pipeline) != len(engine):
        return [Difference(*described, word, _listed(pipeline), _listed(engine))]
    fields: dict[str, Callable[[TradeLeg], object]] = {
        name: lambda one, name=name: getattr(one, name)  # type: ignore[misc]
        for name in ("bar_close", "price", "quantity", "kind")
    }
    found, one = [], {"entries": "entry", "exits": "exit"}[word]
    # In their order, which both sides keep: fills of one level cannot change places.
    for number, (mine, other) in enumerate(zip(pipeline, engine, strict=True), 1):
        numbered = {f"{one} {number} {name}": get for name, get in fields.items()}
        found += _field_differences(described, numbered, mine, other)
    return found


def _pairs(
    pipeline: Iterable[Row], engine: Iterable[Row], key: Callable[[Row], object]
) -> Iterable[tuple[Row | None, Row | None]]:
    """Rows of the same key beside each other, in the order in which they come."""
    # dict.fromkeys keeps the order of the pipeline, and what the engine alone has comes last.
    mine, other = ({key(one): one for one in rows} for rows in (pipeline, engine))
    return [(mine.get(name), other.get(name)) for name in dict.fromkeys([*mine, *other])]


def _field_differences(
    described: tuple[str, InstrumentId, datetime],
    fields: Mapping[str, Callable[[Row], object]],
    mine: Row,
    other: Row,
    absolute: float = 0.0,
) -> list[Difference]:
    return [
        Difference(*described, name, _text(get(mine)), _text(get(other)))
        for name, get in fields.items()
        if not _same(get(mine), get(other), absolute)
    ]


def _same(mine: object, other: object, absolute: float) -> bool:
    if isinstance(mine, float) and isinstance(other, float):
        return abs(mine - other) <= max(absolute, PRICE_TOLERANCE * max(abs(mine), abs(other)))
    return mine == other


def _presence(row: object) -> str:
    return "none" if row is None else "present"


def _listed(legs: Sequence[TradeLeg]) -> str:
    return "; ".join(f"{leg.kind} {leg.bar_close:%m-%d %H:%M} at {leg.price:g}" for leg in legs) or "none"


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return f"{Decimal(repr(value)).normalize():f}" if isinstance(value, float) else str(value)
