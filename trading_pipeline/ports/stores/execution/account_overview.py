"""All accounts at a glance, for people."""

from abc import ABC, abstractmethod

from trading_pipeline.domain.model.identity import AccountId
from trading_pipeline.domain.model.positions import Position


class AccountOverview(ABC):
    """Reads, never writes; works while no venue answers."""

    @abstractmethod
    def account_ids(self) -> list[AccountId]:
        """Every account that was ever traded, by name."""

    @abstractmethod
    def live_positions(self) -> list[Position]:
        """Positions that are opening or open, by account and instrument."""
