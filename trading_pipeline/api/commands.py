"""What people order through the API: the services, the record and the jobs of the command line and the Dagster UI."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Engine

from trading_pipeline.api.asker import Asker
from trading_pipeline.api.launching import launched
from trading_pipeline.api.order_commands import OrderCommands
from trading_pipeline.domain.model.access import Permission
from trading_pipeline.domain.model.commands import CommandVerb
from trading_pipeline.domain.model.halts import ALL, HaltScope
from trading_pipeline.domain.model.launched import LaunchedJob
from trading_pipeline.ports.orchestrator import JobLauncher
from trading_pipeline.ports.venue.clock import Clock
from trading_pipeline.resources.execution_context import build_controls
from trading_pipeline.resources.operator_questions import differences_now, scope_meant
from trading_pipeline.services.access.authenticate import require
from trading_pipeline.services.execution.halt_by_operator import halt_by_operator
from trading_pipeline.services.execution.resume_by_operator import resume_by_operator
from trading_pipeline.settings import Settings


@dataclass(frozen=True, slots=True)
class ScopeChanged:
    """A halt that was set or lifted.

    :param changed: whether it stood, or did not, before.
    """

    scope: HaltScope
    changed: bool


@dataclass(frozen=True, slots=True)
class Commands:
    """One method a command; what sends orders is always a job.

    :param clock: venue time; the venue's code is loaded by whoever asks first.
    """

    settings: Settings
    engine: Engine
    jobs: JobLauncher
    clock: Callable[[], Clock]

    @property
    def orders(self) -> OrderCommands:
        """About one signal, position or order."""
        return OrderCommands(self.settings, self.engine, self.jobs, self.clock)

    def halt(self, asker: Asker, text: str, reason: str, *, flatten: bool = False) -> ScopeChanged:
        """Stop new entries of a scope; works while venue and Dagster are away."""
        scope = self._scope(text, lifting=False)
        command = asker.command(CommandVerb.HALT, scope, reason)
        return ScopeChanged(
            scope, halt_by_operator(controls=build_controls(self.engine), command=command, flatten=flatten)
        )

    def resume(self, asker: Asker, text: str, reason: str, *, forced: bool) -> ScopeChanged:
        """Let entries go on where venue and ledger agree; an administrator alone lifts the kill switch, or forces.

        :raises NotAllowed: the asker may not lift this.
        """
        scope = self._scope(text, lifting=True)
        if scope == ALL or forced:
            require(asker.principal, Permission.ADMINISTER)
        command = asker.command(CommandVerb.RESUME, scope, reason)
        controls = build_controls(self.engine)
        lifted = resume_by_operator(
            controls=controls,
            command=command,
            compare=lambda: differences_now(self.engine, self.settings),
            forced=forced,
        )
        return ScopeChanged(scope, lifted)

    def close(self, asker: Asker, instrument: str, reason: str) -> LaunchedJob:
        """Leave an instrument's position at market, as a run."""
        scope = self._scope(instrument, lifting=False)
        asker.command(CommandVerb.CLOSE, scope, reason).require_reason()
        config = {"instrument": str(scope), "reason": reason, "actor": asker.principal.name}
        return launched(self.jobs, self.engine, asker, "close_position", {"close_out": config}, str(scope))

    def close_everything(self, asker: Asker, reason: str) -> LaunchedJob:
        """The half of a kill switch that sends orders; the halt stands already."""
        config = {"on": True, "close": True, "reason": reason, "actor": asker.principal.name}
        return launched(self.jobs, self.engine, asker, "kill_switch", {"switch": config}, str(ALL))

    def reconcile(self, asker: Asker) -> LaunchedJob:
        """Compare venue and ledger now instead of within the minute."""
        return launched(self.jobs, self.engine, asker, "reconcile", {}, str(ALL))

    def _scope(self, text: str, *, lifting: bool) -> HaltScope:
        return scope_meant(self.engine, self.settings, text, lifting=lifting)
