"""The account's money."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Wallet:
    """USDT balances of a unified account.

    :param equity: balance plus unrealised profit.
    :param available: free for new margin.
    :param read_at: venue time of the reading.
    """

    equity: Decimal
    balance: Decimal
    available: Decimal
    unrealised_pnl: Decimal
    read_at: datetime
