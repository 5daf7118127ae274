"""A position in one symbol, net in one-way mode and of one side in hedge mode, and the arithmetic of changing it."""

from decimal import Decimal

from trading_pipeline.exchange_simulator.orders import ZERO, Order


class Position:
    """Signed size, what it cost, and the stops the venue holds for it.

    ``size`` is positive for long; ``cost`` is the sum of price x signed size of what is open, so
    that the average price is ``cost / size``; ``open_fees`` are the fees that opening it took, USDT.
    """

    __slots__ = (
        "cost",
        "created_ms",
        "index",
        "leverage",
        "open_fees",
        "realised_now",
        "realised_total",
        "size",
        "stop_loss",
        "symbol",
        "take_profit",
        "trailing_stop",
        "updated_ms",
    )

    def __init__(self, symbol: str, leverage: Decimal, now_ms: int, index: int = 0) -> None:
        """:param index: the venue's: 0 one-way, 1 the long and 2 the short one of hedge mode."""
        self.symbol = symbol
        self.index = index
        self.leverage = leverage
        self.size = ZERO
        self.cost = ZERO
        self.open_fees = ZERO
        self.realised_now = ZERO
        self.realised_total = ZERO
        self.stop_loss: Order | None = None
        self.take_profit: Order | None = None
        self.trailing_stop: Order | None = None
        self.created_ms = now_ms
        self.updated_ms = now_ms

    @property
    def flat(self) -> bool:
        """Whether nothing is open."""
        return not self.size

    @property
    def side(self) -> str:
        """``Buy``, ``Sell``, or empty when flat."""
        return "" if self.flat else "Buy" if self.size > 0 else "Sell"

    @property
    def average_price(self) -> Decimal:
        """Mean entry price in quote currency, zero when flat."""
        return self.cost / self.size if self.size else ZERO

    def value(self, price: Decimal) -> Decimal:
        """Notional at ``price`` in quote currency, never negative."""
        return abs(self.size) * price

    def initial_margin(self) -> Decimal:
        """USDT bound by the position: entry value over leverage."""
        return abs(self.cost) / self.leverage

    def unrealised(self, price: Decimal) -> Decimal:
        """Profit (quote currency) if closed at ``price`` without fees."""
        return self.size * price - self.cost

    def reducible(self, sign: int) -> Decimal:
        """How much (base currency) an order of this direction can close."""
        return abs(self.size) if self.size * sign < 0 else ZERO

    def change(self, signed_quantity: Decimal, price: Decimal, now_ms: int) -> Decimal:
        """Book a trade and return the profit it realised before fees, quote currency."""
        closing = min(abs(signed_quantity), self.reducible(1 if signed_quantity > 0 else -1))
        realised = ZERO
        if closing:
            share = closing if self.size > 0 else -closing
            # The last share releases all cost, so that no remainder of a division stays in a flat position.
            released = self.cost if share == self.size else self.cost * share / self.size
            realised = share * price - released
            self.size -= share
            self.cost -= released
            self.realised_now += realised
            self.realised_total += realised
        opening = abs(signed_quantity) - closing
        if opening:
            self._open(opening if signed_quantity > 0 else -opening, price, now_ms)
        self.updated_ms = now_ms
        return realised

    def release_open_fees(self, closing: Decimal) -> Decimal:
        """Before so much of it is closed: its share of the fees that opening took, USDT, which goes with it."""
        if not closing:
            return ZERO
        # Like the cost: the last share takes all that is left.
        whole = closing == abs(self.size)
        released = self.open_fees if whole else self.open_fees * closing / abs(self.size)
        self.open_fees -= released
        return released

    def _open(self, signed_quantity: Decimal, price: Decimal, now_ms: int) -> None:
        """Add to the position, or begin a new one."""
        # What was realised belongs to one position; the next one begins at nothing.
        if self.flat:
            self.created_ms = now_ms
            self.realised_now = ZERO
        self.size += signed_quantity
        self.cost += signed_quantity * price

    def charge(self, amount: Decimal) -> None:
        """Fees and funding are part of the venue's realised PnL."""
        self.realised_now -= amount
        self.realised_total -= amount
