"""What checks of the ledger ask: rows of every account that do not add up."""

from abc import ABC, abstractmethod
from datetime import datetime

from trading_pipeline.domain.model.positions import Position
from trading_pipeline.domain.portfolio.ledger_faults import OrderInDoubt, UnbookedOrder, UnequalResult, WalletStep
from trading_pipeline.domain.risk.differences import Difference, KeptDifference


class LedgerBooks(ABC):
    """Reads, never writes. Each answer is about what is stored, so that no venue is needed."""

    @abstractmethod
    def orders_in_doubt(self, longer_than_s: float) -> list[OrderInDoubt]:
        """Orders that were perhaps sent longer ago than so many wall seconds, and of which nothing is known."""

    @abstractmethod
    def unbooked_orders(self) -> list[UnbookedOrder]:
        """Orders that are over for a minute, with another filled quantity than their fills add up to."""

    @abstractmethod
    def unequal_results(self) -> list[UnequalResult]:
        """Closed positions whose profit, fees and funding are not those of their fills."""

    @abstractmethod
    def unprotected_positions(self) -> list[Position]:
        """Open positions of which the ledger knows no stop above zero."""

    @abstractmethod
    def standing_differences(self) -> list[Difference]:
        """What the last whole comparison of venue and ledger found, and no later one found gone."""

    @abstractmethod
    def differences_between(self, since: datetime, until: datetime) -> list[KeptDifference]:
        """Those that stood at some time from ``since`` up to ``until`` (UTC, excluded), oldest first."""

    @abstractmethod
    def wallet_steps(self) -> list[WalletStep]:
        """By account and currency the newest UTC day that was read twice, from its first to its last reading.

        Readings within five seconds of a fill are left out: nobody knows which of the two the venue booked first.
        """
