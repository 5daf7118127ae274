"""What people order about a signal, a position or an order through the API: runs, refused here where that is known."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import Engine

from trading_pipeline.api.asker import Asker
from trading_pipeline.api.launching import launched
from trading_pipeline.domain.model.commands import CommandVerb
from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.halts import HaltScope
from trading_pipeline.domain.model.launched import LaunchedJob
from trading_pipeline.domain.model.positions import PositionStatus
from trading_pipeline.ports.orchestrator import JobLauncher
from trading_pipeline.ports.venue.clock import Clock
from trading_pipeline.resources.openings import opening_now, order_stored
from trading_pipeline.services.execution.cancel_by_operator import require_cancellable
from trading_pipeline.services.execution.move_stop_by_operator import StopWanted
from trading_pipeline.settings import Settings


@dataclass(frozen=True, slots=True)
class OrderCommands:
    """One method a command, each a job.

    :param clock: venue time; the venue's code is loaded by whoever asks first.
    """

    settings: Settings
    engine: Engine
    jobs: JobLauncher
    clock: Callable[[], Clock]

    def open(self, asker: Asker, signal_id: str, reason: str) -> LaunchedJob:
        """Enter what a stored signal says, as a run; what is known to stand against it is told at once.

        :raises UnknownName: no such signal is stored.
        :raises OrderDenied: it is not to be opened.
        """
        plan = opening_now(self.engine, self.settings, signal_id, self.clock())
        asker.command(CommandVerb.OPEN, HaltScope(plan.instrument_id), reason).require_reason()
        config = {"signal_id": signal_id, "reason": reason, "actor": asker.principal.name}
        return launched(self.jobs, self.engine, asker, "open_from_signal", {"take_up": config}, signal_id)

    def move_stop(self, asker: Asker, position: Mapping[str, object], wanted: StopWanted, reason: str) -> LaunchedJob:
        """Put the stop of an open position elsewhere, as a run.

        :param position: as it is stored.
        :raises DataError: it is not open.
        """
        if position["status"] != PositionStatus.OPEN:
            raise DataError(f"position {position['position_id']} is {position['status']}; only an open one has a stop")
        instrument = str(position["instrument_id"])
        asker.command(CommandVerb.MOVE_STOP, HaltScope(instrument), reason).require_reason()
        config = {
            "instrument": instrument,
            "position_id": str(position["position_id"]),
            "price": str(wanted.price),
            "loosen": wanted.loosen,
            "reason": reason,
            "actor": asker.principal.name,
        }
        return launched(self.jobs, self.engine, asker, "move_stop", {"set_stop": config}, instrument)

    def cancel(self, asker: Asker, order_link_id: str, reason: str) -> LaunchedJob:
        """Take one resting order of ours back, as a run; one that nobody may take back is refused at once.

        :raises UnknownName: no such order is stored.
        :raises OrderDenied: it is not one that a person may take back, or it has filled.
        """
        record = order_stored(self.engine, order_link_id)
        require_cancellable(record)
        scope = HaltScope(record.intent.instrument_id)
        asker.command(CommandVerb.CANCEL, scope, reason).require_reason()
        config = {"order_link_id": order_link_id, "reason": reason, "actor": asker.principal.name}
        return launched(self.jobs, self.engine, asker, "cancel_order", {"take_back": config}, order_link_id)
