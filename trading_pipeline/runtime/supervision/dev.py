"""``trading-pipeline dev``: Dagster on embedded servers and a simulated exchange, reloaded when code changes."""

import sys
import time
from pathlib import Path

from dagster_graphql import DagsterGraphQLClient, ReloadRepositoryLocationStatus
from rich.console import Console
from watchfiles import watch

from trading_pipeline.adapters.orchestrator.ui import UI_PREFIX
from trading_pipeline.adapters.parameters.running_system import announce, withdraw
from trading_pipeline.runtime.supervision.environment import SystemState
from trading_pipeline.runtime.supervision.preflight import require, system_checks
from trading_pipeline.runtime.supervision.processes import ProcessSpec
from trading_pipeline.runtime.supervision.stages import Stages
from trading_pipeline.runtime.supervision.state_folder import held
from trading_pipeline.runtime.supervision.supervisor import Supervisor
from trading_pipeline.runtime.supervision.system import (
    api_specs,
    exchange_access,
    exchange_spec,
    feed_spec,
    location_loaded,
    simulated_exchange,
    ui_address,
)
from trading_pipeline.runtime.supervision.up import SIMULATED_START, StopRequested
from trading_pipeline.runtime.supervision.welcome import welcome
from trading_pipeline.settings import GivenSettings

_PACKAGE = Path(__file__).parents[2]
_DAGSTER_YAML = Path(__file__).parents[1] / "dagster" / "dev.yaml"
_MODULE = "trading_pipeline.definitions"


def run_dev(config_dir: Path, state_dir: Path, port: int, api_port: int) -> None:
    """Run until Ctrl-C; the environment's servers, modes and keys are not looked at.

    :raises ConfigurationError: something has to be mended first, or a process does not start.
    """
    settings = GivenSettings(state_dir=state_dir, config_dir=config_dir, api_port=api_port)
    say = Stages(Console())
    say("looking at configuration, disk and ports")
    require(system_checks(settings, port, SIMULATED_START))
    stop, state = StopRequested(), SystemState(settings, _DAGSTER_YAML)
    with held(state_dir):
        supervisor = Supervisor(state.log_dir, state.variables, say)
        try:
            say("starting PostgreSQL and Redis, bringing the schema up to date")
            state.open()
            supervisor.start([exchange_spec(state.log_dir, simulated_exchange(config_dir, state_dir, SIMULATED_START))])
            state.variables.update(
                exchange_access(state.log_dir).variables(),
                TRADING_DAGSTER_URL=ui_address(port),
                DAGSTER_WEBSERVER_PATH_PREFIX=UI_PREFIX,
            )
            supervisor.start([feed_spec(), _dagster_spec(port), *api_specs(settings)])
            announce(settings, state.variables, ui_address(port))
            say(f"Dagster UI {ui_address(port)}, logs {state.log_dir}; Ctrl-C ends everything")
            if api_port:
                welcome(state, say)
            _reload_on_change(stop, state, supervisor, say, port)
        finally:
            # First, so that nobody finds the addresses of servers that are about to end.
            withdraw(settings)
            supervisor.stop()
            state.close()


def _dagster_spec(port: int) -> ProcessSpec:
    """``dagster dev`` of the package, as somebody would type it."""
    command = [sys.executable, "-m", "dagster", "dev", "-m", _MODULE, "-p", str(port)]
    return ProcessSpec(
        "dagster-dev", [*command, "--log-format", "json"], ready=lambda: location_loaded(port), grace_s=10.0
    )


def _reload_on_change(stop: StopRequested, state: SystemState, supervisor: Supervisor, say: Stages, port: int) -> None:
    """Ask Dagster to load the definitions anew whenever a file of the package has changed."""
    for changes in watch(_PACKAGE, rust_timeout=500, yield_on_timeout=True, raise_interrupt=False):
        if stop.wait(0):
            return
        for name in state.revive() + supervisor.check():
            say(f"restarted {name}")
        # Pages and caches change, too, and need no new definitions.
        names = sorted({Path(path).name for _, path in changes if path.endswith((".py", ".yaml"))})
        if names:
            began = time.monotonic()
            result = DagsterGraphQLClient("127.0.0.1", port, path_prefix=UI_PREFIX).reload_repository_location(_MODULE)
            if result.status is ReloadRepositoryLocationStatus.SUCCESS:
                say(f"reloaded after {', '.join(names)}, {time.monotonic() - began:.1f} s")
            else:
                say(f"{', '.join(names)}: the definitions do not load: {result.message}")
