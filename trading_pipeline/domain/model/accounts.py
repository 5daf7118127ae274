"""The account's money."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Balance:
    """What an account has of one currency, in that currency.

    :param equity: balance plus unrealised profit.
    :param available: free for new margin.
    """

    equity: Decimal
    balance: Decimal
    available: Decimal
    unrealised_pnl: Decimal


@dataclass(frozen=True, slots=True)
class Wallet:
    """Balances of an account by currency; one that is not listed is not held.

    :param read_at: venue time of the reading, UTC.
    """

    balances: Mapping[str, Balance]
    read_at: datetime
