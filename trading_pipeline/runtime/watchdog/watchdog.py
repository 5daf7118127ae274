"""One look after the other at the venue's positions and at the signs of life of the others."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import structlog
from sqlalchemy.exc import SQLAlchemyError

from trading_pipeline.domain.model.errors import AccountTradedElsewhere, TradingError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.risk.limits import RiskLimits
from trading_pipeline.ports.notifications import Severity
from trading_pipeline.ports.stores.execution.risk_store import EquityLog, RiskEventLog
from trading_pipeline.ports.stores.operations.heartbeats import HeartbeatStore
from trading_pipeline.services.execution.dead_mans_switch import dead_mans_switch, gone
from trading_pipeline.services.execution.execution_context import ExecutionContext
from trading_pipeline.services.execution.guard_positions import Naked, guard_positions
from trading_pipeline.services.execution.start_barrier import StartBarrier
from trading_pipeline.services.execution.watch_fall import watch_fall
from trading_pipeline.services.execution.withdraw_halted import withdraw_halted

_log = structlog.get_logger(__name__)

COMPONENT = "watchdog"
"""Name of its own heartbeat."""
BLIND_S = 20.0
"""Wall seconds without an answer after which the operator is told."""
_BEAT_S = 5.0


@dataclass(slots=True)
class Watchdog:
    """Looks when it is told to; neither venue nor database may keep it from looking at the other.

    :param limits: those in force now: it outlives runs, and so every change of them.
    :param monotonic: wall seconds.
    """

    context: ExecutionContext
    heartbeats: HeartbeatStore
    equity: EquityLog
    events: RiskEventLog
    limits: Callable[[], RiskLimits]
    monotonic: Callable[[], float] = time.monotonic
    _naked: dict[InstrumentId, Naked] = field(default_factory=dict)
    _blind_since: dict[str, float] = field(default_factory=dict)
    _alarmed: set[str] = field(default_factory=set)
    _barrier: StartBarrier = field(default_factory=StartBarrier)
    _began: float = field(init=False)
    _beat_at: float = field(init=False, default=float("-inf"))

    def __post_init__(self) -> None:
        self._began = self.monotonic()

    def look(self) -> None:
        """Look once.

        :raises AccountTradedElsewhere: another system has taken the account over, and looks after it.
        """
        # Stops first: they are what costs money while nobody looks. Entries begin when the account was compared.
        self._try("stops", self._guard)
        self._try("equity", self._fall)
        if not self._barrier.passed:
            self._try("the account at the start", lambda: self._barrier.look(self.context))
        self._try("signs of life", self._switch)
        # Last, as any of these may halt; and at every look: a run that was past the gate may have sent one since.
        self._try("entries that rest", self._withdraw)

    def _guard(self) -> None:
        self._naked = guard_positions(context=self.context, before=self._naked)

    def _fall(self) -> None:
        context = replace(self.context, limits=self.limits())
        watch_fall(context=context, equity=self.equity, events=self.events)

    def _switch(self) -> None:
        now = self.monotonic()
        # What was silent before it began is given as long as anybody else to come up.
        missing = gone(self.heartbeats.beats(), now - self._began)
        dead_mans_switch(context=self.context, missing=missing)
        if now - self._beat_at >= _BEAT_S:
            self._beat_at = now
            self.heartbeats.beat(COMPONENT, self._state(missing))

    def _withdraw(self) -> None:
        withdraw_halted(context=self.context)

    def _state(self, missing: tuple[str, ...]) -> str:
        found = [*(f"{name} missing" for name in missing), *(f"{name} naked" for name in self._naked)]
        return ", ".join(found) or "everything is looked after"

    def _try(self, what: str, work: Callable[[], None]) -> None:
        """Do it, and tell the operator once when it has not been possible for long."""
        try:
            work()
        # The one trouble that ends it: two watchdogs would guard with two opinions.
        except AccountTradedElsewhere:
            raise
        except (TradingError, SQLAlchemyError) as error:
            self._blind(what, str(error).splitlines()[0])
            return
        self._blind_since.pop(what, None)
        if what in self._alarmed:
            self._alarmed.remove(what)
            self.context.notifier.notify(Severity.INFO, f"watched again: {what}", "The watchdog gets answers again.")

    def _blind(self, what: str, cause: str) -> None:
        since = self._blind_since.setdefault(what, self.monotonic())
        _log.warning("cannot look", at=what, cause=cause)
        if self.monotonic() - since >= BLIND_S and what not in self._alarmed:
            self._alarmed.add(what)
            body = f"For {BLIND_S:.0f} s nobody could see {what}: {cause}. Look at the venue's own page."
            self.context.notifier.notify(Severity.CRITICAL, f"unwatched: {what}", body)
