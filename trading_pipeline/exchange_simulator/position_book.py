"""The positions of an account: one a symbol in one-way mode, a long and a short one beside each other in hedge mode."""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from trading_pipeline.exchange_simulator.orders import Terms
from trading_pipeline.exchange_simulator.positions import Position

ONE_WAY = 0
"""The venue's index of the only position that a symbol has in one-way mode."""
LONG, SHORT = 1, 2
"""Its indices of the two positions of hedge mode."""


class PositionBook:
    """Every position by symbol and index, and which symbols are in hedge mode.

    A position that was there once stays, so that its sums are found again when the mode is switched back.
    """

    def __init__(self, symbols: Iterable[str], leverage: Decimal, now_ms: int) -> None:
        self._all = {(symbol, ONE_WAY): Position(symbol, leverage, now_ms) for symbol in symbols}
        self.hedged: set[str] = set()
        """Symbols in hedge mode."""

    def __iter__(self) -> Iterator[Position]:
        return iter(self._all.values())

    def __getitem__(self, symbol: str) -> Position:
        """The one-way position of a symbol."""
        return self._all[symbol, ONE_WAY]

    def at(self, symbol: str, index: int) -> Position:
        """The position with the venue's index."""
        net = self[symbol]
        return self._all.setdefault((symbol, index), Position(symbol, net.leverage, net.created_ms, index))

    def of(self, terms: Terms) -> Position:
        """The position that an order changes."""
        return self.at(terms.symbol, terms.position_index)

    def shown(self, symbol: str) -> list[Position]:
        """What the symbol's mode has: one position, or a long and a short one."""
        return [self.at(symbol, index) for index in self.indices(symbol)]

    def indices(self, symbol: str) -> tuple[int, ...]:
        """The indices that orders of the symbol may name."""
        return (LONG, SHORT) if symbol in self.hedged else (ONE_WAY,)

    def switch(self, symbol: str, *, hedged: bool) -> None:
        """Put a symbol into hedge or one-way mode; the leverage comes along."""
        leverage = self.shown(symbol)[0].leverage
        (self.hedged.add if hedged else self.hedged.discard)(symbol)
        for position in self.shown(symbol):
            position.leverage = leverage
