"""One trade from its plan to its last fill, with something striking on the way, and what holds afterwards.

The trade: 5 long at 100, stop at 90, targets 2 at 110 and 2 at 120, one to run. The market goes to 111, where the first
target fills and the stop is pulled to the entry, and comes back to 99, where the stop fills.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from uuid import uuid4

from dagster import DagsterExecutionInterruptedError
from dagster._core.errors import DagsterMaxRetriesExceededError
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from trading_pipeline.adapters.streams.redis_stream import RedisStream
from trading_pipeline.adapters.venues.request_limiter import RequestLimiter
from trading_pipeline.domain.model.entry_orders import EntryOrder
from trading_pipeline.domain.model.errors import ConfigurationError, VenueError
from trading_pipeline.domain.model.halts import HaltScope
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.orders import OrderType
from trading_pipeline.domain.model.plans import TradePlan
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.ports.streams import EventStream
from trading_pipeline.runtime.replay.lock_step import Stand
from trading_pipeline.runtime.supervision.embedded import EmbeddedRedis
from trading_pipeline_tests.exchange_simulator.builders import FLAT, Ohlc
from trading_pipeline_tests.fault_matrix import invariants
from trading_pipeline_tests.fault_matrix.account import HELD, NEXT, SimulatedAccount, simulated_account
from trading_pipeline_tests.fault_matrix.company import Feed, WatchedRun, watchdog_of
from trading_pipeline_tests.fault_matrix.servers import Server, Servers
from trading_pipeline_tests.testkit import execution_jobs
from trading_pipeline_tests.testkit.builders import ACCOUNT
from trading_pipeline_tests.testkit.execution_lab import WAVE, store_plan, trade_plan
from trading_pipeline_tests.testkit.fakes_market_data import ListStream
from trading_pipeline_tests.testkit.tripwire import Killed, Tripwire

WALK: list[Ohlc] = [FLAT, FLAT, FLAT, (100, 111, 100.5, 105), (105, 106, 99, 104), FLAT]
ROUNDS = 4
"""Of everything that the schedules and sensors do while the market stands still: a few seconds of venue time."""


FAILURES_OF_OTHERS = (
    "VenueError",
    "ConfigurationError",
    "TurnedAway",
    "OrderOutcomeUnknown",
    "OrderRejectedByVenue",
    "OperationalError",
)


class Step(StrEnum):
    """Where on the way something strikes: before the job that comes next."""

    ENTRY = "entry"
    RESTING = "limit entry overdue"
    HELD = "position held"
    TARGET = "first target filled"
    STOPPED = "stop filled"


class Died(Killed):
    """Of a job that was interrupted."""


@dataclass(frozen=True, slots=True)
class Kill:
    """The job ends before a call, as if its process were gone, or as *Terminate* ends it; or it finds a server gone.

    :param before: name of the call, like ``BybitTrading.submit``.
    :param nth: which one of them, from 1.
    :param server: that is gone from this call on, until the job has ended.
    """

    before: str
    nth: int = 1
    terminated: bool = False
    server: Server | None = None


class Company(StrEnum):
    """Who is at work on the account beside the jobs."""

    FEED = "feed"
    WATCHDOG = "watchdog"


@dataclass(frozen=True, slots=True)
class Scenario:
    """What strikes, and what comes of it.

    :param faults: as ``POST /simulator/faults`` takes them, all at one step.
    :param reason: why the position was left, or why there was none.
    :param told: part of a subject that a human is sent; empty where there is nothing to say.
    :param halted: whether the instrument is left to a human; then the ledger may differ from the venue until he acts.
    """

    name: str
    step: Step
    faults: tuple[Mapping[str, object], ...] = ()
    kill: Kill | None = None
    company: Company | None = None
    reason: str = "break_even"
    told: str = ""
    halted: bool = False


@dataclass(slots=True)
class Outcome:
    """What became of a scenario.

    :param wrong: what does not hold, in words; empty where all does.
    :param reason: of the position's exit, or the plan's status where nothing was entered.
    :param messages: subjects that a human was sent.
    """

    wrong: list[str] = field(default_factory=list)
    reason: str = ""
    messages: list[str] = field(default_factory=list)
    halted: bool = False


class Wire(Tripwire):
    """Ends the job, or a server, before a call of a name."""

    def __init__(self, kill: Kill, servers: Servers | None = None) -> None:
        super().__init__()
        self.kill = kill
        self.struck = False
        self._servers = servers

    def _step(self, name: str) -> None:
        if not self.struck and name == self.kill.before and self.calls.count(name) == self.kill.nth - 1:
            self.struck = True
            self._strike(name)
        elif self.struck and self.kill.server is None:
            raise AssertionError(f"the run went on with {name}")
        self.calls.append(name)

    def _strike(self, name: str) -> None:
        if self.kill.server is None:
            raise DagsterExecutionInterruptedError if self.kill.terminated else Died(name)
        assert self._servers is not None
        self._servers.end(self.kill.server)


def resting_plan(symbol: str) -> TradePlan:
    """Entered by a limit that the market does not come to, and by a market order after 15 s."""
    by_limit = EntryOrder(OrderType.LIMIT, max_retries=0)
    return replace(plan_of(symbol), entry_price=Decimal("99.5"), entry_order=by_limit)


def plan_of(symbol: str) -> TradePlan:
    """Of a strategy on 4h bars, so that it lives as long as the story."""
    given = trade_plan(f"{symbol}.BYBIT")
    return replace(
        given,
        instrument_id=InstrumentId(f"{symbol}.BYBIT"),
        timeframe=Timeframe.H4,
        entry_price=Decimal(100),
        stop_price=Decimal(90),
        valid_until=WAVE + timedelta(hours=4),
    )


@dataclass
class Story:
    """A scenario as it is told."""

    account: SimulatedAccount
    scenario: Scenario
    servers: Servers
    events: EventStream = field(default_factory=ListStream)
    outcome: Outcome = field(default_factory=Outcome)
    wires: list[Wire] = field(default_factory=list)

    def tell(self) -> Outcome:
        """From the plan to the end, with whoever else is at work."""
        with ExitStack() as company:
            company.callback(self.servers.restore)
            if self.scenario.company is Company.FEED:
                self.servers.feed = Feed(self.account, self.events)
                company.callback(self.servers.feed.end)
                self.servers.feed.begin()
            self._tell()
        return self.outcome

    def _tell(self) -> None:
        """One trade, and one more in the other symbol."""
        resting = self.scenario.step is Step.RESTING
        store_plan(self.account.database, resting_plan(HELD) if resting else plan_of(HELD))
        self._strike(Step.ENTRY)
        self._rounds(self._first(execution_jobs.execute, Step.ENTRY))
        self._strike(Step.HELD)
        self._rounds(self._first(execution_jobs.reconcile, Step.HELD))
        for _ in WALK:
            while (stand := self._market_goes_on()).event:
                step = Step.TARGET if self._held() else Step.STOPPED
                self._strike(step)
                self._rounds(self._first(execution_jobs.follow, step))
            if self._resting():
                self._strike(Step.RESTING)
                self._rounds(self._first(execution_jobs.follow, Step.RESTING))
            if Timeframe.M15.closes_at(stand.now):
                attempt(lambda wave=stand.now: execution_jobs.manage(self.account, wave, self._run_id()))  # type: ignore[misc]
            self._settled()
        self.outcome.wrong += self._never_struck()
        self._next_trade()
        self._end()

    def _market_goes_on(self) -> Stand:
        self.servers.unattended = False
        return self.account.advance()

    def _never_struck(self) -> list[str]:
        """A scenario in which nothing happened proves nothing."""
        found = [f"no call {wire.kill.before} ({wire.kill.nth})" for wire in self.wires if not wire.struck]
        for fault in self.scenario.faults:
            whole = int(str(fault.get("count", 1)))
            if any((one.kind, one.remaining) == (fault["kind"], whole) for one in self.account.faults.armed):
                found.append(f"{fault} never struck")
        return found

    def _resting(self) -> bool:
        live = (
            "SELECT 1 FROM trading.order_intents WHERE purpose = 'E' AND state IN ('acknowledged', 'partially_filled')"
        )
        return self.scenario.step is Step.RESTING and bool(invariants.rows(self.account, live))

    def _held(self) -> bool:
        return any(position.symbol == HELD for position in self.account.exchange.open_positions())

    def _strike(self, step: Step) -> None:
        if step is self.scenario.step:
            for fault in self.scenario.faults:
                self.account.arm(**{"symbol": HELD, **fault})

    def _first(self, job: Callable[..., object], step: Step) -> Callable[[], object]:
        wire = self._wire(step)

        def run() -> None:
            try:
                job(self.account, self._run_id(), wire=wire)
            finally:
                self.servers.restore()

        return run

    def _wire(self, step: Step) -> Tripwire:
        if self.scenario.company is Company.WATCHDOG:
            return WatchedRun(watchdog_of(self.account))
        if self.scenario.kill is None or step is not self.scenario.step:
            return Tripwire()
        self.wires.append(Wire(self.scenario.kill, self.servers))
        return self.wires[-1]

    def _run_id(self) -> str:
        return str(uuid4())

    def _rounds(self, first: Callable[[], object]) -> None:
        """The job that the step is about, and then what comes anyway: sensors see what waits, a schedule reconciles."""
        attempt(first)
        for _ in range(0 if self.servers.unattended else ROUNDS):
            self.account.end_leases()
            for job in (execution_jobs.execute, execution_jobs.follow, execution_jobs.reconcile):
                attempt(lambda job=job: job(self.account, self._run_id()))  # type: ignore[misc]
            if not self._unfinished():
                break
        self._settled()

    def _unfinished(self) -> list[str]:
        if self.account.halts.halts():
            return invariants.in_flight(self.account) + invariants.naked(self.account)
        return [*self._always(), *invariants.otherwise_at_venue(self.account)]

    def _always(self) -> Iterator[str]:
        for ask in (invariants.sent_twice, invariants.naked, invariants.turning_around, invariants.in_flight):
            yield from ask(self.account)

    def _settled(self) -> None:
        """Before venue time goes on nobody may be naked: a second later it would be one of five."""
        self.outcome.wrong += self._always()

    def _next_trade(self) -> None:
        self.account.disarm()
        store_plan(self.account.database, plan_of(NEXT))
        self._rounds(lambda: execution_jobs.execute(self.account, self._run_id()))
        traded = any(position.symbol == NEXT for position in self.account.exchange.open_positions())
        if traded is any(halt.scope == HaltScope.of(ACCOUNT) for halt in self.account.halts.halts()):
            self.outcome.wrong.append(f"{NEXT} is {'' if traded else 'not '}traded: {self.account.postbox.messages}")

    def _end(self) -> None:
        self.outcome.halted = bool(self.account.halts.halts())
        self.outcome.messages = [subject for _, subject, _ in self.account.postbox.messages]
        query = (
            "SELECT COALESCE(position.exit_reason, plan.status) FROM trading.trade_plans plan"
            " LEFT JOIN trading.positions position USING (plan_id) WHERE plan.instrument_id LIKE :held"
        )
        ((reason,),) = invariants.rows(self.account, query, held=f"{HELD}.%")
        self.outcome.reason = str(reason)
        for ask in (invariants.untraced, invariants.off_the_record, invariants.unsent):
            self.outcome.wrong += ask(self.account)
        if not self.outcome.halted:
            self.outcome.wrong += invariants.otherwise_at_venue(self.account)


def attempt(job: Callable[[], object]) -> None:
    """Run a job that others may fail: it is requested again, and what a killed one left the next one finds."""
    try:
        job()
    except (VenueError, ConfigurationError, OperationalError, Died, DagsterExecutionInterruptedError):
        return
    except DagsterMaxRetriesExceededError as error:
        # What was tried too often has lost its class: its name stands in the trace.
        if not any(name in str(error) for name in FAILURES_OF_OTHERS):
            raise


def tell(database: Engine, redis: EmbeddedRedis, scenario: Scenario) -> Outcome:
    """Tell a scenario on an exchange of its own."""
    # Only where Redis is what strikes: the count of all processes keeps a client away for ten minutes after a 403.
    counted = scenario.kill is not None and scenario.kill.server in (Server.REDIS, Server.CACHE)
    limiter = RequestLimiter(redis.url, scenario.name) if counted else None
    events = RedisStream(redis.url, prefix=scenario.name) if counted else ListStream()
    with simulated_account(database, WALK, limiter) as account:
        return Story(account, scenario, Servers(database, redis), events).tell()
