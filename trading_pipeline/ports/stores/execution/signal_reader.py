"""What strategies say, for decisions about open positions."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime

from trading_pipeline.domain.model.plans import TradePlan
from trading_pipeline.domain.model.signals import Bias, Signal, SignalKind


class SignalReader(ABC):
    """Stored signals, one question at a time."""

    @abstractmethod
    def signal(self, signal_id: str) -> Signal | None:
        """The signal of an id, whoever found it; ``None`` where none is stored."""

    @abstractmethod
    def earliest(
        self, plan: TradePlan, kind: SignalKind, bias: Bias, after: datetime, through: datetime
    ) -> Signal | None:
        """The first signal of the plan's strategy, instrument and timeframe at a close in ``(after, through]``.

        Signals that only a backfill has found are not heard, as no backfill may reach an order; nor are entries too
        soon after a hole, of which no plan is made either.

        :returns: ``None`` when the strategy said nothing of the kind.
        """

    @abstractmethod
    def unheard(self, plan: TradePlan, closes: Sequence[datetime]) -> dict[datetime, str]:
        """Of some closes (UTC) of the plan's timeframe those at which its strategy was not asked, with the reason."""
