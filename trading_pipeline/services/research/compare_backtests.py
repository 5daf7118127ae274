"""Two runs beside each other: rules, figures, and trades one by one."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime

from trading_pipeline.domain.model.backtest_runs import RunRecord, TradeRecord
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.signals import Bias

RELATIVE_TOLERANCE = 1e-9

_COMPARED = ("entry_price", "exit_time", "exit_price", "quantity", "pnl_usdt", "pnl_r", "gross_pnl_r", "exit_reason")

Key = tuple[str, Bias, datetime]


@dataclass(frozen=True, slots=True)
class Changed:
    """One value that both sides have and do not share."""

    name: str
    first: object
    second: object

    @property
    def difference(self) -> float | None:
        """Second minus first where both are numbers."""
        if isinstance(self.first, int | float) and isinstance(self.second, int | float):
            return self.second - self.first
        return None


@dataclass(frozen=True, slots=True)
class ChangedTrade:
    """One entry that both runs made and that went differently."""

    instrument_id: InstrumentId
    side: Bias
    entry_time: datetime
    changes: tuple[Changed, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs between two runs; a trade is the same entry when instrument, side and entry time are.

    :param params: leaves of the parameters, named by their path.
    :param same_trades: entries of both runs that also ended alike.
    """

    first_id: str
    second_id: str
    params: tuple[Changed, ...]
    metrics: tuple[Changed, ...]
    same_trades: int
    changed_trades: tuple[ChangedTrade, ...]
    only_first: tuple[TradeRecord, ...]
    only_second: tuple[TradeRecord, ...]

    @property
    def equal(self) -> bool:
        """Whether figures and trades are the same."""
        return not (self.metrics or self.changed_trades or self.only_first or self.only_second)


def compare_backtests(first: RunRecord, second: RunRecord) -> Comparison:
    """Everything in which the second run differs from the first."""
    ours, theirs = _by_entry(first), _by_entry(second)
    both = [key for key in ours if key in theirs]
    changed = [made for key in both if (made := _changed_trade(ours[key], theirs[key])).changes]
    return Comparison(
        first_id=first.run_id,
        second_id=second.run_id,
        params=_differences(_leaves(first.params), _leaves(second.params)),
        metrics=_differences(first.metrics, second.metrics),
        same_trades=len(both) - len(changed),
        changed_trades=tuple(changed),
        only_first=tuple(trade for key, trade in ours.items() if key not in theirs),
        only_second=tuple(trade for key, trade in theirs.items() if key not in ours),
    )


def alike(first: object, second: object) -> bool:
    """Equal, numbers to a relative 1e-9."""
    if isinstance(first, int | float) and isinstance(second, int | float):
        # The 1 keeps values near zero, whose rounding is not relative to them, from differing.
        return abs(first - second) <= RELATIVE_TOLERANCE * max(1.0, abs(first), abs(second))
    return first == second


def _by_entry(run: RunRecord) -> dict[tuple[Key, int], TradeRecord]:
    """Trades by their entry; a number tells entries of one instant apart."""
    # Several strategies, or layers, may enter one side of an instrument at one instant.
    seen: Counter[Key] = Counter()
    found: dict[tuple[Key, int], TradeRecord] = {}
    for trade in run.trades:
        key = (trade.instrument_id, trade.side, trade.entry_time)
        found[key, seen[key]] = trade
        seen[key] += 1
    return found


def _changed_trade(first: TradeRecord, second: TradeRecord) -> ChangedTrade:
    values = [({name: getattr(trade, name) for name in _COMPARED}) for trade in (first, second)]
    changes = list(_differences(*values))
    if len(first.legs) != len(second.legs):
        changes.append(Changed("legs", len(first.legs), len(second.legs)))
    else:
        for number, legs in enumerate(zip(first.legs, second.legs, strict=True), start=1):
            one, other = ({spec.name: getattr(leg, spec.name) for spec in fields(leg)} for leg in legs)
            changes += [
                Changed(f"leg {number} {change.name}", change.first, change.second)
                for change in _differences(one, other)
            ]
    return ChangedTrade(first.instrument_id, first.side, first.entry_time, tuple(changes))


def _differences(first: Mapping[str, object], second: Mapping[str, object]) -> tuple[Changed, ...]:
    """Names under which the two sides do not have the same value; a missing one is ``None``."""
    names = [*first, *(name for name in second if name not in first)]
    pairs = [(name, first.get(name), second.get(name)) for name in names]
    return tuple(Changed(*pair) for pair in pairs if not alike(pair[1], pair[2]))


def _leaves(values: Mapping[str, object], path: str = "") -> dict[str, object]:
    """Nested mappings flattened: ``config.exits.next_bar_exit``."""
    found: dict[str, object] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            found |= _leaves(value, f"{path}{name}.")
        else:
            found[f"{path}{name}"] = value
    return found
