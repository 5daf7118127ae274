"""What strikes in the walk: one kind after the other in a drawn order, each as some row of the matrix has it."""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_UP, Decimal

from trading_pipeline.exchange_simulator.faults import OF_MESSAGES, OF_STREAMS
from trading_pipeline.exchange_simulator.positions import Position
from trading_pipeline_tests.fault_matrix.account import SimulatedAccount
from trading_pipeline_tests.fault_matrix.company import Feed
from trading_pipeline_tests.fault_matrix.scenarios import LONG, SCENARIOS

Fault = Mapping[str, object]
_OF_THE_MATRIX = Decimal(5)
"""Long, what its rows trade by hand in; here as much of what is held."""


def _rows_by_kind() -> dict[str, list[Fault]]:
    rows: dict[str, list[Fault]] = {}
    for fault in (fault for scenario in SCENARIOS for fault in scenario.faults):
        rows.setdefault(str(fault["kind"]), []).append(fault)
    return rows


ROWS = _rows_by_kind()
_OF_A_POSITION = {"cancel_stop", "adl", "liquidation", "trade_by_hand"}
"""Kinds that happen only to what is held."""


@dataclass
class WalkFaults:
    """Arms what is drawn, and ends what would stand until somebody ends it.

    :ivar struck: how often each kind did; what was armed and found nothing to strike is taken off again.
    """

    account: SimulatedAccount
    draw: random.Random
    symbols: Sequence[str]
    feed: Feed
    struck: Counter[str] = field(default_factory=Counter)
    _kinds: list[str] = field(default_factory=list)

    @property
    def all_struck(self) -> bool:
        """Whether each kind has struck once."""
        return all(self.struck[kind] > 0 for kind in ROWS)

    def strike(self, planned: str) -> None:
        """The next kind for which there is something to strike.

        :param planned: the symbol that is about to be entered, which is hit rather than others.
        """
        if not self._kinds:
            self._kinds = self.draw.sample(sorted(ROWS), len(ROWS))
        kind = next((kind for kind in self._kinds if self._hit(kind)), None)
        # Where only kinds are left that need a position or the feed, and there is none, they wait for one.
        if kind is None:
            return
        self._kinds.remove(kind)
        fault = self._drawn(kind, planned)
        self.account.arm(**fault)
        self.struck[kind] += int(str(fault.get("count", 1)))

    def end(self) -> None:
        """A minute later whatever it was is over."""
        for fault in self.account.faults.armed:
            self.struck[str(fault.kind)] -= fault.remaining
        self.account.disarm()
        for symbol in self.symbols:
            self.account.arm(kind="suspend", symbol=symbol, value="Trading")

    def _hit(self, kind: str) -> list[str]:
        """Symbols that the kind can happen to."""
        if kind in OF_MESSAGES | OF_STREAMS and not self.feed.alive:
            return []
        if kind not in _OF_A_POSITION:
            return list(self.symbols)
        open_ = self.account.exchange.open_positions()
        return [one.symbol for one in open_ if one.stop_loss or kind != "cancel_stop"]

    def _drawn(self, kind: str, planned: str) -> dict[str, object]:
        symbols = self._hit(kind)
        symbol = self.draw.choice([*symbols, *([planned] * len(symbols) if planned in symbols else [])])
        fault = {"symbol": symbol, **self.draw.choice(ROWS[kind])}
        if fault.get("count") == LONG:
            fault["count"] = self.draw.randint(1, 5)
        if kind == "trade_by_hand":
            held = next(one for one in self.account.exchange.open_positions() if one.symbol == fault["symbol"])
            fault |= self._by_hand(held, adds=fault["side"] == "Buy", part=Decimal(str(fault["qty"])) / _OF_THE_MATRIX)
        return fault

    def _by_hand(self, held: Position, *, adds: bool, part: Decimal) -> dict[str, object]:
        step = self.account.exchange.markets[held.symbol].instrument.quantity_increment
        quantity = (abs(held.size) * part / step).to_integral_value(ROUND_UP) * step
        return {"side": "Buy" if (held.size > 0) is adds else "Sell", "qty": str(quantity)}
