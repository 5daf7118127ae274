"""What may not add up in the ledger. Quantities are base currency, money is the settlement currency."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from trading_pipeline.domain.model.identity import AccountId, InstrumentId


@dataclass(frozen=True, slots=True)
class OrderInDoubt:
    """An order that was perhaps sent, and that nobody has asked the venue about in time.

    :param age_s: wall seconds since it was sent.
    """

    instrument_id: InstrumentId
    order_link_id: str
    state: str
    age_s: float


@dataclass(frozen=True, slots=True)
class UnbookedOrder:
    """An order that is over and whose fills are not all booked, or more than all.

    :param filled: what the venue reported.
    :param booked: what its fills add up to.
    """

    instrument_id: InstrumentId
    order_link_id: str
    filled: Decimal
    booked: Decimal


@dataclass(frozen=True, slots=True)
class UnequalResult:
    """A closed position of which one part of the result is told otherwise than its fills add up to.

    :param part: ``profit`` before fees and funding, ``fees`` or ``funding``.
    """

    instrument_id: InstrumentId
    position_id: str
    part: str
    told: Decimal
    booked: Decimal


@dataclass(frozen=True, slots=True)
class WalletStep:
    """How an account's balance moved between two readings, and what the ledger knows of it.

    :param since: venue time of the first reading.
    :param balance: at the last reading.
    :param moved: last less first balance.
    :param booked: what fills between the two earned, after fees and funding.
    """

    account_id: AccountId
    currency: str
    since: datetime
    until: datetime
    balance: Decimal
    moved: Decimal
    booked: Decimal
