"""Orders as the exchange keeps them, and the store that finds them."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from itertools import islice

ZERO = Decimal(0)
ENTER, CANCEL = "enter", "cancel"
"""Steps of an order that take their time to reach the market; new terms are the third."""
# Per symbol; the venue's limits for linear contracts.
MAX_ACTIVE = 500
MAX_CONDITIONAL = 10


class Status(StrEnum):
    """The venue's order states that occur here."""

    NEW = "New"
    UNTRIGGERED = "Untriggered"
    TRIGGERED = "Triggered"
    PARTIALLY_FILLED = "PartiallyFilled"
    FILLED = "Filled"
    CANCELLED = "Cancelled"
    PARTIALLY_FILLED_CANCELLED = "PartiallyFilledCanceled"
    DEACTIVATED = "Deactivated"


# Triggered is no state an order stays in: it meets the market at once.
ACTIVE = frozenset({Status.NEW, Status.UNTRIGGERED, Status.PARTIALLY_FILLED})


@dataclass(frozen=True, slots=True)
class Levels:
    """Stop loss and take profit as a request names them; see ``Terms`` for their meaning."""

    stop_loss: Decimal | None
    take_profit: Decimal | None
    stop_trigger_by: str
    profit_trigger_by: str
    partial: bool
    stop_limit: Decimal | None
    profit_limit: Decimal | None


@dataclass(frozen=True, slots=True)
class Terms:
    """What was asked for.

    :param price: limit price; ``None`` for market orders.
    :param trigger_price: price that turns a conditional order into a live one.
    :param trigger_rises: whether the price has to rise to the trigger.
    :param stop_loss: attached stop, becomes the position's when the order fills.
    :param partial: the attached levels are for what this order fills, as orders of their own, not the position's.
    :param stop_limit: limit price of a partial stop loss once it triggers, ``None`` for market; ``profit_limit`` alike.
    :param stop_order_type: ``Stop``, ``StopLoss``, ``TakeProfit``, ``TrailingStop``, ``PartialStopLoss``,
        ``PartialTakeProfit``; empty for plain orders.
    :param pair_id: the order that ends when this one triggers or is cancelled.
    :param trailing_by: how far behind the best price the trigger follows, quote currency.
    :param position_index: of the position that it changes; 0 in one-way mode, 1 the long and 2 the short one.
    :param awaits_activation: the trigger is the price from which on it follows, not yet one that closes anything.
    """

    symbol: str
    side: str
    order_type: str
    quantity: Decimal
    link_id: str = ""
    price: Decimal | None = None
    time_in_force: str = "GTC"
    reduce_only: bool = False
    close_on_trigger: bool = False
    trigger_price: Decimal | None = None
    trigger_rises: bool = False
    trigger_by: str = ""
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    stop_trigger_by: str = "LastPrice"
    profit_trigger_by: str = "LastPrice"
    partial: bool = False
    stop_limit: Decimal | None = None
    profit_limit: Decimal | None = None
    stop_order_type: str = ""
    trailing_by: Decimal | None = None
    awaits_activation: bool = False
    create_type: str = "CreateByUser"
    position_index: int = 0
    pair_id: str = ""

    @property
    def sign(self) -> int:
        """1 for buying, -1 for selling."""
        return 1 if self.side == "Buy" else -1


Step = Terms | str


class Order:
    """One order: its terms and what became of it so far."""

    __slots__ = (
        "average_value",
        "cancel_type",
        "closed_pnl",
        "created_ms",
        "fees",
        "filled",
        "idle_until_ms",
        "last_price",
        "on_the_way",
        "order_id",
        "reject_reason",
        "sequence",
        "status",
        "terms",
        "updated_ms",
    )

    def __init__(self, order_id: str, sequence: int, terms: Terms, now_ms: int, last_price: Decimal) -> None:
        self.order_id = order_id
        self.sequence = sequence
        self.terms = terms
        self.status = Status.UNTRIGGERED if terms.trigger_price is not None else Status.NEW
        self.filled = ZERO
        self.average_value = ZERO
        self.fees = ZERO
        self.closed_pnl = ZERO
        self.cancel_type = "UNKNOWN"
        self.reject_reason = "EC_NoError"
        # Until then the market passes by what is left of the order.
        self.idle_until_ms = 0
        # What the market has not seen yet, each with the instant (UTC ms) at which it does, in that order.
        self.on_the_way: list[tuple[int, Step]] = []
        self.created_ms = now_ms
        self.updated_ms = now_ms
        self.last_price = last_price

    @property
    def leaves(self) -> Decimal:
        """Quantity (base currency) still to be filled; nothing once the order is final."""
        return self.terms.quantity - self.filled if self.active or self.status is Status.TRIGGERED else ZERO

    @property
    def active(self) -> bool:
        """Whether the order rests or waits for its trigger."""
        return self.status in ACTIVE

    @property
    def unseen(self) -> bool:
        """Whether it was accepted and has not reached the market."""
        return bool(self.on_the_way) and self.on_the_way[0][1] == ENTER

    @property
    def agreed(self) -> Terms:
        """Its terms once everything that is on the way has arrived."""
        changed = [step for _, step in self.on_the_way if isinstance(step, Terms)]
        return changed[-1] if changed else self.terms

    @property
    def conditional(self) -> bool:
        """Whether it waits for its trigger."""
        return self.status is Status.UNTRIGGERED

    @property
    def average_price(self) -> Decimal:
        """Mean fill price in quote currency, zero before the first fill."""
        return self.average_value / self.filled if self.filled else ZERO

    @property
    def watched_level(self) -> Decimal:
        """The price (quote currency) at which something happens to an active order."""
        level = self.terms.trigger_price if self.conditional else self.terms.price
        if level is None:
            raise AssertionError(f"order {self.order_id} rests without a price")
        return level

    @property
    def watches_rise(self) -> bool:
        """Whether the price has to come from below: true for resting sells and rising triggers."""
        return self.terms.trigger_rises if self.conditional else self.terms.side == "Sell"


class OrderStore:
    """Every order of the account, in order of creation."""

    def __init__(self) -> None:
        self._all: dict[str, Order] = {}
        # Never emptied: a client id stays used for ever, as at the venue.
        self._by_link: dict[str, Order] = {}
        self._active: dict[str, Order] = {}

    def add(self, order: Order) -> None:
        """Keep a new order."""
        self._all[order.order_id] = order
        if order.terms.link_id:
            self._by_link[order.terms.link_id] = order
        self._active[order.order_id] = order

    def settle(self, order: Order) -> None:
        """Stop watching an order that became final."""
        self._active.pop(order.order_id, None)

    def knows_link(self, link_id: str) -> bool:
        """Whether the client's id was ever used."""
        return link_id in self._by_link

    def find(self, order_id: str, link_id: str) -> Order | None:
        """By the venue's id, else by the client's."""
        return self._all.get(order_id) if order_id else self._by_link.get(link_id)

    def active(self, symbol: str = "") -> list[Order]:
        """Resting and untriggered orders, oldest first."""
        return [order for order in self._active.values() if not symbol or order.terms.symbol == symbol]

    def active_symbols(self) -> set[str]:
        """Symbols of resting and untriggered orders."""
        return {order.terms.symbol for order in self._active.values()}

    def newest(self, count: int) -> list[Order]:
        """The last ``count`` orders, newest first."""
        return list(islice(self.newest_first(), count))

    def newest_first(self) -> Iterator[Order]:
        """Every order, final ones included."""
        return reversed(self._all.values())

    def __len__(self) -> int:
        return len(self._all)
