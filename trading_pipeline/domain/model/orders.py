"""Order intents, the states they pass through, and what a venue reports about an order."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from trading_pipeline.domain.model.identity import AccountId, InstrumentId
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
    nothing instead, the other may. ``OPERATOR_EXIT`` closes because a person says so, ``CIRCUIT_EXIT`` because the
    account's circuit breaker does, ``UPGRADE_EXIT`` because a plan of a longer timeframe takes the position's place,
    ``FUNDING_EXIT`` because funding is near and the gain small.
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
    OPERATOR_EXIT = "CX"
    CIRCUIT_EXIT = "BX"
    UPGRADE_EXIT = "UX"
    FUNDING_EXIT = "NF"


TAKE_PROFITS = (Purpose.TAKE_PROFIT_1, Purpose.TAKE_PROFIT_2, Purpose.TAKE_PROFIT_3)
"""Nearest first; a plan has at most as many targets."""

WHOLE_EXITS = tuple(purpose for purpose in Purpose if purpose not in (Purpose.ENTRY, *TAKE_PROFITS))
"""Orders that close the position as a whole."""


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
        """Whether the venue has to be asked what became of the request, because no answer to it is known."""
        return self in (IntentState.SENT, IntentState.UNKNOWN)


# ABSENT is final for us alone: the one state that a report or a fill of the venue still overrules.
_FINAL = frozenset(
    {
        IntentState.FILLED,
        IntentState.CANCELLED,
        IntentState.REJECTED,
        IntentState.EXPIRED,
        IntentState.ABSENT,
    }
)


def order_link_id(plan_id: str, purpose: Purpose, attempt: int = 0, layer: int = 1) -> str:
    """The client order id: deterministic, unique, at most 28 of ``[A-Za-z0-9_-]``, 36 of a plan with an older id.

    :param attempt: how many orders of this purpose ended before it; 0 is the first.
    :param layer: of a target, the newest layer whose fill it is sized by; 1 is the first.
    """
    # Layer 1 leaves no trace, so that the ids of orders sent before there were layers stay what they were.
    if layer == 1:
        return f"{plan_id[:28]}_{purpose}{attempt or ''}"
    return f"{plan_id[:28]}_{purpose}L{layer}{f'-{attempt}' if attempt else ''}"


@dataclass(frozen=True, slots=True)
class OrderIntent:
    """An order as decided, before and after it is sent.

    :param account_id: the one account that it may be sent to.
    :param quantity: base currency, a multiple of the instrument's step.
    :param price: limit price, quote currency; ``None`` for market orders.
    :param stop_loss: the entry's own stop, quote currency, attached to the order unless the position that a layer
        adds to has a tighter one; ``None`` for reduce-only orders.
    :param valid_until: venue time after which the order must not be sent.
    :param run_id: the Dagster run that decided it.
    :param signal_id: of an exit, the signal that asked for it; the plan leads to that of an entry.
    :param layer: of an entry, its number in the position; of a target, the newest layer whose fill it is sized by.
    :param attempt: of an entry, how many orders of it were sent before this one.
    :param continues: of an entry, whether another order follows where this one ends short.
    """

    order_link_id: str
    account_id: AccountId
    plan_id: str
    purpose: Purpose
    instrument_id: InstrumentId
    side: Side
    order_type: OrderType
    quantity: Decimal
    price: Decimal | None
    stop_loss: Decimal | None
    reduce_only: bool
    valid_until: datetime
    run_id: str
    signal_id: str | None = None
    layer: int = 1
    attempt: int = 0
    continues: bool = False


@dataclass(frozen=True, slots=True)
class IntentRecord:
    """An intent as the ledger holds it.

    :param filled_quantity: base currency, as far as known.
    :param average_price: of what is filled, quote currency; ``None`` before the first fill.
    :param sent_age_s: wall seconds since the request was about to leave, ``None`` when it never was.
    :param position_id: the position that the order opens, adds to or reduces.
    :param changed_at: venue time (UTC) of the newest change that the venue told of, ``None`` before the first.
    """

    intent: OrderIntent
    state: IntentState
    reason: str
    venue_order_id: str
    filled_quantity: Decimal
    average_price: Decimal | None
    sent_age_s: float | None
    position_id: str | None = None
    changed_at: datetime | None = None

    @property
    def is_level(self) -> bool:
        """Whether it is a further entry of the plan that opened the position, and rests as long as that one says."""
        return (
            self.intent.purpose is Purpose.ENTRY and self.intent.layer > 1 and self.intent.plan_id == self.position_id
        )

    @property
    def waits(self) -> bool:
        """Whether it is such a level without any fill, which may stay so: nothing waits for it."""
        return self.is_level and not self.filled_quantity

    @property
    def unsent_level(self) -> bool:
        """Whether it is such a level and waits for the first entry: without that it is nothing."""
        return self.is_level and self.state is IntentState.INTENDED

    @property
    def growing(self) -> bool:
        """Whether the venue may still fill more of it: it was sent, and its end is not known."""
        return not self.state.final and self.state is not IntentState.INTENDED

    @property
    def to_be_continued(self) -> bool:
        """Whether it ended short and another order follows: a limit that was taken back, a market order cut off."""
        # A market order that filled nothing found nobody to trade with; its entry ends there.
        cut_off = self.intent.order_type is OrderType.LIMIT or self.filled_quantity > 0
        return self.state is IntentState.CANCELLED and self.intent.continues and cut_off

    @property
    def continuing(self) -> bool:
        """Whether an order that follows it, or that it is itself, is yet to be sent."""
        # A first order is for the gate's own run to send; one that follows may have outlived the run that stored it.
        return self.to_be_continued or (self.state is IntentState.INTENDED and self.intent.attempt > 0)

    @property
    def empty(self) -> bool:
        """Whether it ended without a fill, and no other order follows."""
        return self.state.final and not self.filled_quantity and not self.to_be_continued


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """The venue accepted a request for processing; it says nothing about resting or filling."""

    order_link_id: str
    venue_order_id: str


@dataclass(frozen=True, slots=True)
class OrderReport:
    """What the venue says about one order, from a query or from its private stream.

    :param state: never ``INTENDED``, ``SENT``, ``UNKNOWN``, ``EXPIRED`` or ``ABSENT``.
    :param quantity: ordered, base currency; ``filled_quantity`` likewise.
    :param average_price: quote currency; ``None`` until the first fill.
    :param updated_at: venue time (UTC) of the last change.
    """

    order_link_id: str
    venue_order_id: str
    instrument_id: InstrumentId
    side: Side
    state: IntentState
    quantity: Decimal
    filled_quantity: Decimal
    average_price: Decimal | None
    reduce_only: bool
    reason: str
    updated_at: datetime
