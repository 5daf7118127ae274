"""Writing trade plans. Claiming and executing them belongs to the ledger."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime

from trading_pipeline.domain.model.plans import PlansWritten, TradePlan
from trading_pipeline.domain.model.timeframes import Timeframe


class PlanStore(ABC):
    """The table ``trade_plans``, as the planner sees it."""

    @abstractmethod
    def save(
        self, plans: Sequence[TradePlan], timeframe: Timeframe, executable_close: datetime | None, run_id: str
    ) -> PlansWritten:
        """Store plans: ``new`` where the bar closed at ``executable_close``, else ``historical``.

        A historical plan follows what is computed now and becomes ``new`` when its wave is computed;
        a plan in any other state is history and stays as it is. No plan ever becomes historical again.

        :param executable_close: closing instant of the wave, ``None`` in a backfill.
        """
