"""Positions: ours, opened by a plan, and the venue's, which is the truth about quantity."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from trading_pipeline.domain.model.identity import AccountId, InstrumentId
from trading_pipeline.domain.model.orders import Side
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline.domain.model.timeframes import Timeframe


class PositionStatus(StrEnum):
    """``OPENING`` until the first fill; ``FAILED`` when the entry never filled."""

    OPENING = "opening"
    OPEN = "open"
    CLOSED = "closed"
    FAILED = "failed"


class ExitReason(StrEnum):
    """Which order made the position flat; the words are those of the backtest engine where it has them."""

    STOP_LOSS = "stop_loss"
    BREAK_EVEN = "break_even"
    TRAILING_STOP = "trailing_stop"
    OPERATOR_STOP = "operator_stop"
    HELD_STOP = "held_stop"
    TAKE_PROFIT = "take_profit"
    NEXT_BAR_EXIT = "next_bar_exit"
    SIGNAL_EXIT = "signal_exit"
    OPPOSITE_SIGNAL = "opposite_signal"
    FUNDING_EXIT = "funding_exit"
    REVERSAL = "reversal"
    PROTECTION_FAILED = "protection_failed"
    OPERATOR = "operator"
    CIRCUIT_BREAKER = "circuit_breaker"
    MUTEX_UPGRADE = "mutex_upgrade"
    EXTERNAL = "external"


class StopKind(StrEnum):
    """The level that set a stop last; an exit at the stop has the same name.

    ``OPERATOR_STOP``: a person tightened it, and tighter levels go on moving it. ``HELD_STOP``: a person loosened it,
    and no level moves it until a person does.
    """

    STOP_LOSS = "stop_loss"
    BREAK_EVEN = "break_even"
    TRAILING_STOP = "trailing_stop"
    OPERATOR_STOP = "operator_stop"
    HELD_STOP = "held_stop"


@dataclass(frozen=True, slots=True)
class Position:
    """A position that one plan opened and others may have added to, each with a layer. Quantities are base currency,
    prices quote currency.

    :param settlement_currency: of profit, fees and funding.
    :param quantity: what is still open.
    :param plan_id: the plan that opened it; targets, runner and exit rules are that plan's.
    :param entry_quantity: what all entries filled.
    :param entry_price: what is held cost on average, ``None`` before the first fill; an exit leaves it as it is.
    :param initial_stop_price: the tightest of the entries' own stops; R ends there.
    :param stop_price: the stop that is live at the venue.
    :param stop_kind: the level that set it; ``None`` while the venue holds one that we do not remember setting.
    :param runner_stop_price: the tightest runner's stop so far, waiting for its turn or live; ``None`` until known.
    :param booked_fills: executions that quantity and profit add up, funding not counted.
    :param followed_fills: how many of them stop and targets have answered.
    :param realised_pnl: closed part before fees and funding.
    :param fees: paid so far, without funding; what the venue took in another currency is left to its fills.
    :param funding: paid so far; negative when more was received.
    :param managed_through: closing instant of the last wave for which the position was managed.
    """

    position_id: str
    account_id: AccountId
    plan_id: str
    instrument_id: InstrumentId
    settlement_currency: str
    timeframe: Timeframe
    bias: Bias
    status: PositionStatus
    quantity: Decimal
    entry_quantity: Decimal
    entry_price: Decimal | None
    initial_stop_price: Decimal
    stop_price: Decimal
    realised_pnl: Decimal
    fees: Decimal
    funding: Decimal
    opened_at: datetime | None
    closed_at: datetime | None
    exit_reason: ExitReason | None
    managed_through: datetime | None
    stop_kind: StopKind | None = StopKind.STOP_LOSS
    runner_stop_price: Decimal | None = None
    booked_fills: int = 0
    followed_fills: int = 0


@dataclass(frozen=True, slots=True)
class VenuePosition:
    """The venue's net position in one instrument; absent instruments are flat.

    :param stop_loss: price of the position's live stop, ``None`` when there is none.
    """

    instrument_id: InstrumentId
    side: Side
    quantity: Decimal
    average_price: Decimal
    stop_loss: Decimal | None
    unrealised_pnl: Decimal
    leverage: Decimal
