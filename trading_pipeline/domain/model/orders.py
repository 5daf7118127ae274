"""Order intents, the states they pass through, and what a venue reports about an order."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from trading_pipeline.domain.model.signals import Bias


class Side(StrEnum):
    """Direction of an order."""

    BUY = "buy"
    SELL = "sell"

    @property
    def opposite(self) -> "Side":
        """The other direction."""
        return Side.SELL if self is Side.BUY else Side.BUY

    @classmethod
    def opening(cls, bias: Bias) -> "Side":
        """The side that opens a position of this bias."""
        return cls.BUY if bias is Bias.LONG else cls.SELL


class OrderType(StrEnum):
    """How an order meets the book."""

    MARKET = "market"
    LIMIT = "limit"


class Purpose(StrEnum):
    """Why an order exists. The value is its suffix in the link id.

    ``EXIT`` closes a position that cannot be protected, ``STOP_EXIT`` one whose next stop the price
    has passed already, ``NEXT_BAR_EXIT`` one whose momentum did not move in favour. ``SIGNAL_EXIT`` closes where
    the strategy leaves, ``OPPOSITE_EXIT`` and ``REVERSAL`` where it signals the other side: the one enters
    nothing instead, the other may.
    """

    ENTRY = "E"
    TAKE_PROFIT_1 = "TP1"
    TAKE_PROFIT_2 = "TP2"
    TAKE_PROFIT_3 = "TP3"
    EXIT = "FX"
    STOP_EXIT = "SX"
    NEXT_BAR_EXIT = "NX"
    SIGNAL_EXIT = "XS"
    OPPOSITE_EXIT = "OX"
    REVERSAL = "RX"


TAKE_PROFITS = (Purpose.TAKE_PROFIT_1, Purpose.TAKE_PROFIT_2, Purpose.TAKE_PROFIT_3)
"""Nearest first; a plan has at most as many targets."""


class IntentState(StrEnum):
    """Life of an intent.

    ``INTENDED`` is written before anything is sent, ``SENT`` before the request leaves. ``UNKNOWN``
    and ``SENT`` are settled by a query, never by a second request. ``ABSENT`` means that the venue
    was asked until the lookup window closed and never knew the order.
    """

    INTENDED = "intended"
    SENT = "sent"
    UNKNOWN = "unknown"
    ACKNOWLEDGED = "acknowledged"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    EXPIRED = "expired"
    ABSENT = "absent"

    @property
    def final(self) -> bool:
        """Whether nothing more can happen to the order."""
        return self in _FINAL

    @property
    def unsettled(self) -> bool:
        """Whether the venue has to be asked what became of the request."""
        return self in (IntentState.SENT, IntentState.UNKNOWN)


_FINAL = frozenset(
    {
        IntentState.FILLED,
        IntentState.CANCELLED,
        IntentState.REJECTED,
        IntentState.EXPIRED,
        IntentState.ABSENT,
    }
)


def order_link_id(plan_id: str, purpose: Purpose, attempt: int = 0) -> str:
    """The client order id: deterministic, unique, at most 36 of ``[A-Za-z0-9_-]``."""
    return f"{plan_id[:28]}_{purpose}{attempt or ''}"


@dataclass(frozen=True, slots=True)
class OrderIntent:
    """An order as decided, before and after it is sent.

    :param quantity: base currency, a multiple of the instrument's step.
    :param price: limit price; ``None`` for market orders.
    :param stop_loss: price of the stop attached to the order; ``None`` for reduce-only orders.
    :param valid_until: venue time after which the order must not be sent.
    :param run_id: the Dagster run that decided it.
    :param signal_id: of an exit, the signal that asked for it; the plan leads to that of an entry.
    """

    order_link_id: str
    plan_id: str
    purpose: Purpose
    symbol: str
    side: Side
    order_type: OrderType
    quantity: Decimal
    price: Decimal | None
    stop_loss: Decimal | None
    reduce_only: bool
    valid_until: datetime
    run_id: str
    signal_id: str | None = None


@dataclass(frozen=True, slots=True)
class IntentRecord:
    """An intent as the ledger holds it.

    :param filled_quantity: base currency, as far as known.
    :param average_price: of what is filled, ``None`` before the first fill.
    :param sent_age_s: wall seconds since the request was about to leave, ``None`` when it never was.
    """

    intent: OrderIntent
    state: IntentState
    reason: str
    venue_order_id: str
    filled_quantity: Decimal
    average_price: Decimal | None
    sent_age_s: float | None


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """The venue accepted a request for processing; it says nothing about resting or filling."""

    order_link_id: str
    venue_order_id: str


@dataclass(frozen=True, slots=True)
class OrderReport:
    """What the venue says about one order, from a query or from its private stream.

    :param state: never ``INTENDED``, ``SENT``, ``UNKNOWN``, ``EXPIRED`` or ``ABSENT``.
    :param average_price: ``None`` until the first fill.
    :param updated_at: venue time of the last change.
    """

    order_link_id: str
    venue_order_id: str
    symbol: str
    side: Side
    state: IntentState
    quantity: Decimal
    filled_quantity: Decimal
    average_price: Decimal | None
    reduce_only: bool
    reason: str
    updated_at: datetime
