"""``trading-pipeline up``: the whole system on one machine until Ctrl-C."""

import signal
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from rich.console import Console

from trading_pipeline.adapters.parameters.costs import load_costs
from trading_pipeline.adapters.parameters.universe import load_universe
from trading_pipeline.domain.model.identity import TradingMode
from trading_pipeline.runtime.supervision.embedded import free_port
from trading_pipeline.runtime.supervision.environment import SystemState
from trading_pipeline.runtime.supervision.running_system import announce, withdraw
from trading_pipeline.runtime.supervision.state_folder import held
from trading_pipeline.runtime.supervision.subprocess_tasks import check_parameters
from trading_pipeline.runtime.supervision.supervisor import Supervisor
from trading_pipeline.runtime.supervision.system import (
    ExchangeAccess,
    control_specs,
    cost_arguments,
    exchange_access,
    exchange_spec,
    execution_specs,
    refuse_taken_port,
)
from trading_pipeline.settings import Settings


@dataclass(slots=True)
class RunningSystem:
    """Servers and processes; a context manager that ends what it started, in reverse order.

    :param exchange_arguments: of ``trading-pipeline exchange``; empty when the venue is not simulated.
    """

    settings: Settings
    webserver_port: int
    exchange_arguments: Sequence[str] = ()
    state: SystemState = field(init=False)
    supervisor: Supervisor = field(init=False)
    exchange: ExchangeAccess | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.state = SystemState(self.settings)

    @property
    def webserver(self) -> str:
        """Address of the Dagster UI."""
        return f"http://127.0.0.1:{self.webserver_port}"

    def __enter__(self) -> Self:
        refuse_taken_port(self.webserver_port)
        self.supervisor = Supervisor(self.state.log_dir, self.state.variables)
        try:
            self.state.open()
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def _start(self) -> None:
        if self.exchange_arguments:
            # a stale announcement must not be taken for the new exchange's
            (self.state.log_dir / "exchange.log").unlink(missing_ok=True)
            self.supervisor.start([exchange_spec(self.state.log_dir, self.exchange_arguments)])
            self.exchange = exchange_access(self.state.log_dir)
            self.state.variables.update(self.exchange.variables())
        self.supervisor.start(execution_specs(self.state))
        self.supervisor.start(control_specs(self.state, self.webserver_port))
        announce(self.settings, self.state.variables, self.webserver)

    def check(self) -> list[str]:
        """Start again what has died, servers first; the names.

        :raises ConfigurationError: a process refused its settings, or a server cannot be started.
        """
        return self.state.revive() + self.supervisor.check()

    def close(self) -> None:
        """End every process, then the servers."""
        withdraw(self.settings)
        self.supervisor.stop()
        self.state.close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class StopRequested:
    """Set by the first SIGINT or SIGTERM; ``wait`` returns early then."""

    def __init__(self) -> None:
        self._event = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: self._event.set())

    def wait(self, seconds: float) -> bool:
        """Sleep up to ``seconds``; whether the end was asked for."""
        return self._event.wait(seconds)


def run_system(settings: Settings, port: int) -> None:
    """Start everything, keep it running, end it on Ctrl-C.

    :raises ConfigurationError: a port is taken, a server unreachable, or a process refuses its settings.
    """
    stop = StopRequested()
    check_parameters(settings.config_dir)
    universe = load_universe(settings.config_dir)
    simulated = settings.mode is TradingMode.SIMULATED and not settings.bybit_rest_url
    world = [
        "--seed",
        "1",
        "--symbols",
        ",".join(one.symbol for one in universe.instrument_ids),
        "--port",
        str(free_port()),
    ]
    arguments = [*world, *cost_arguments(load_costs(settings.config_dir))] if simulated else []
    console = Console()
    with held(settings.state_dir), RunningSystem(settings, port, arguments) as system:
        console.print(f"Dagster UI   {system.webserver}")
        if system.exchange is not None:
            console.print(f"exchange     {system.exchange.rest_url}")
        console.print(f"logs         {system.state.log_dir}\nCtrl-C ends everything.")
        while not stop.wait(0.5):
            system.check()
