"""What tells the regime of the market."""

from abc import ABC, abstractmethod
from datetime import datetime

from trading_pipeline.domain.risk.regime import Regime


class RegimeSource(ABC):
    """The state of the whole market, from whatever a source reads."""

    @abstractmethod
    def regime(self, now: datetime) -> Regime | None:
        """The state that counts at ``now`` (UTC, venue time); ``None`` when it is not known."""
