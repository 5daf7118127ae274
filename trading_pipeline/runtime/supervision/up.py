"""``trading-pipeline up``: the whole system on one machine until Ctrl-C."""

import queue
import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from rich.console import Console
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from trading_pipeline.adapters.parameters.running_system import announce, withdraw
from trading_pipeline.adapters.parameters.universe import load_universe
from trading_pipeline.adapters.stores.execution.account_lease import release
from trading_pipeline.adapters.stores.operations.system_overview import open_positions
from trading_pipeline.adapters.stores.postgres.database import connect
from trading_pipeline.domain.model.identity import TradingMode
from trading_pipeline.runtime.supervision.environment import SystemState
from trading_pipeline.runtime.supervision.preflight import require, system_checks
from trading_pipeline.runtime.supervision.stages import Say, Stages, quiet
from trading_pipeline.runtime.supervision.state_folder import held
from trading_pipeline.runtime.supervision.supervisor import Supervisor
from trading_pipeline.runtime.supervision.system import (
    ExchangeAccess,
    account_variables,
    api_specs,
    control_specs,
    exchange_access,
    exchange_spec,
    execution_specs,
    paper_exchange,
    simulated_exchange,
    ui_address,
    watchdog_spec,
)
from trading_pipeline.runtime.supervision.watch import Watch
from trading_pipeline.runtime.supervision.welcome import welcome
from trading_pipeline.settings import Settings

SIMULATED_START = datetime(2025, 11, 1, tzinfo=UTC)
"""Where the clock of an exchange that is started with the system begins, if it has no state to go on from."""


@dataclass(slots=True)
class RunningSystem:
    """Servers and processes; a context manager that ends what it started, in reverse order.

    :param exchange_arguments: of ``trading-pipeline exchange``; empty when the venue is not simulated.
    :param say: told what is started and waited for.
    :param with_api: whether the HTTP API is one of the processes.
    :param watched: whether the watchdog is; a replay, whose clock stands and jumps, goes without.
    """

    settings: Settings
    webserver_port: int
    exchange_arguments: Sequence[str] = ()
    say: Say = quiet
    with_api: bool = False
    watched: bool = False
    state: SystemState = field(init=False)
    supervisor: Supervisor = field(init=False)
    exchange: ExchangeAccess | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.state = SystemState(self.settings)

    @property
    def webserver(self) -> str:
        """Address of the Dagster UI."""
        return ui_address(self.webserver_port)

    def __enter__(self) -> Self:
        self.supervisor = Supervisor(self.state.log_dir, self.state.variables, self.say)
        try:
            self.say("starting PostgreSQL and Redis, bringing the schema up to date")
            self.state.open()
            self._start()
        # Ctrl-C during the start as well: what has been started so far must not outlive it.
        except BaseException:
            self.close()
            raise
        return self

    def _start(self) -> None:
        # for links in messages, and for the API
        self.state.variables["TRADING_DAGSTER_URL"] = self.webserver
        if self.exchange_arguments:
            # a stale announcement must not be taken for the new exchange's
            (self.state.log_dir / "exchange.log").unlink(missing_ok=True)
            self.supervisor.start([exchange_spec(self.state.log_dir, self.exchange_arguments)])
            self.exchange = exchange_access(self.state.log_dir)
            self.state.variables.update(account_variables(self.exchange, self.settings))
        # The code server before those who ask it for definitions.
        self.supervisor.start([*execution_specs(self.state), *([watchdog_spec()] if self.watched else [])])
        self.supervisor.start(control_specs(self.state, self.webserver_port))
        if self.with_api:
            self.start_api()
        announce(self.settings, self.state.variables, self.webserver)

    def start_api(self) -> None:
        """Start the HTTP API beside the others."""
        self.supervisor.start(api_specs(self.settings))

    def check(self) -> list[str]:
        """Start again what has died, servers first; the names.

        :raises ConfigurationError: a process refused its settings, or a server cannot be started.
        """
        # Servers first: a process that starts without its database would only die again.
        return self.state.revive() + self.supervisor.check()

    def close(self) -> None:
        """End every process, then the servers."""
        withdraw(self.settings)
        self.supervisor.stop()
        self._release_accounts()
        self.state.close()

    def _release_accounts(self) -> None:
        """Nothing of this system writes any more: another one need not wait until it has been silent for long."""
        url = self.state.variables.get("DATABASE_URL")
        if not url:
            return
        engine = connect(url)
        try:
            release(engine, self.settings.instance_name)
        except SQLAlchemyError as error:
            self.say(f"accounts are free in half a minute, the database does not answer: {str(error).splitlines()[0]}")
        finally:
            engine.dispose()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class StopRequested:
    """Set by the first SIGINT or SIGTERM; ``wait`` returns early then."""

    def __init__(self) -> None:
        self._asked = False
        # a handler may interrupt another one: an event's lock would wait for itself, this queue is made for it
        self._requests: queue.SimpleQueue[int] = queue.SimpleQueue()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda number, _: self._requests.put(number))

    def wait(self, seconds: float) -> bool:
        """Sleep up to ``seconds`` wall seconds; whether the end was asked for."""
        if not self._asked:
            with suppress(queue.Empty):
                self._requests.get(timeout=seconds)
                self._asked = True
        return self._asked


def run_system(settings: Settings, port: int) -> None:
    """Check everything, start everything, keep it running and say what is wrong with it; end it on Ctrl-C.

    :raises ConfigurationError: something has to be mended first, or a process refuses its settings.
    """
    say = Stages(Console())
    say("looking at configuration, venue, disk and ports")
    exchange_begins = _own_exchange_begins(settings)
    require(system_checks(settings, port, exchange_begins))
    stop = StopRequested()
    arguments = _exchange_arguments(settings) if exchange_begins else []
    with_api = settings.api_port > 0
    with held(settings.state_dir), RunningSystem(settings, port, arguments, say, with_api, watched=True) as system:
        say(f"up and trading in mode {settings.mode}; Ctrl-C ends everything")
        say(f"Dagster UI {system.webserver}, logs {system.state.log_dir}")
        if with_api:
            welcome(system.state, say)
        engine = connect(system.state.variables["DATABASE_URL"])
        try:
            _keep_running(system, Watch(engine, say, load_universe(settings.config_dir).instrument_ids), stop)
            _say_what_stays_open(engine, say)
        finally:
            engine.dispose()
        say("ending every process, the servers last")
    say("ended")


def _own_exchange_begins(settings: Settings) -> datetime | None:
    """Where the clock of the exchange begins that is started with the system; ``None`` where there is another."""
    if settings.bybit_rest_url:
        return None
    # a paper account lives now
    begins = {TradingMode.SIMULATED: SIMULATED_START, TradingMode.PAPER: datetime.now(UTC)}
    return begins.get(settings.mode)


def _exchange_arguments(settings: Settings) -> list[str]:
    if settings.mode is TradingMode.PAPER:
        return paper_exchange(settings)
    return simulated_exchange(settings.config_dir, settings.state_dir, SIMULATED_START)


def _keep_running(system: RunningSystem, watch: Watch, stop: StopRequested) -> None:
    while not stop.wait(0.5):
        for name in system.check():
            system.say(f"restarted {name}")
        for name, silent_s in watch.look().items():
            if system.supervisor.end_hung(name, silent_s):
                system.say(f"{name} hangs, silent for {silent_s:.0f} s; ended by force")


def _say_what_stays_open(engine: Engine, say: Say) -> None:
    """Nobody trails or takes these further until the system is up again."""
    try:
        held = open_positions(engine)
    except SQLAlchemyError as error:
        say(f"open positions are not known, the database does not answer: {error}")
        return
    if not held:
        say("no position is open")
    for one in held:
        position = one.position
        say(
            f"still open: {position.bias} {position.quantity} {position.instrument_id} of {position.account_id}, "
            f"stop {position.stop_price} at the venue"
        )
