"""The processes of a running system, in the order they start."""

import json
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import httpx

from trading_pipeline.adapters.orchestrator.ui import UI_PREFIX
from trading_pipeline.adapters.parameters.costs import load_costs
from trading_pipeline.adapters.parameters.universe import load_universe
from trading_pipeline.adapters.venues.bybit.endpoints import market_of_paper
from trading_pipeline.adapters.venues.catalog import venue_named
from trading_pipeline.domain.lifecycle.costs import Costs
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.identity import TradingMode
from trading_pipeline.ports.venue.venue import Venue
from trading_pipeline.runtime.supervision.code_server import code_server_spec
from trading_pipeline.runtime.supervision.embedded import free_port
from trading_pipeline.runtime.supervision.environment import SystemState
from trading_pipeline.runtime.supervision.processes import ProcessSpec
from trading_pipeline.settings import GivenSettings, Settings

DEFINITIONS = "trading_pipeline.definitions"
_SIMULATED = "bybit"
"""The venue whose answers the simulated exchange gives."""

_PLAIN_LOG = ("--log-format", "json")
"""Dagster's other formats write colour codes, whatever they write to."""

_SHORT_GRACE_S = 3.0
"""Dagster's processes wait for sensors, which wait for bars. They hold nothing that a kill could lose:
a tick that was cut off is taken up again."""


@dataclass(frozen=True, slots=True)
class ExchangeAccess:
    """Where a simulated exchange listens and the key of its one account."""

    rest_url: str
    public_ws_url: str
    private_ws_url: str
    api_key: str
    api_secret: str

    def venue(self) -> Venue:
        """The exchange as the catalogue offers a venue."""
        return venue_named(_SIMULATED, GivenSettings.model_validate(self.variables()))

    def variables(self) -> dict[str, str]:
        """The settings that point every process at this exchange."""
        return {
            "BYBIT_REST_URL": self.rest_url,
            "BYBIT_PUBLIC_WS_URL": self.public_ws_url,
            "BYBIT_PRIVATE_WS_URL": self.private_ws_url,
            "BYBIT_API_KEY": self.api_key,
            "BYBIT_API_SECRET": self.api_secret,
        }


def account_variables(exchange: ExchangeAccess, settings: Settings) -> dict[str, str]:
    """Where the account is, for every process; the markets of a paper account are those of the real venue."""
    variables = exchange.variables()
    if settings.mode is TradingMode.PAPER:
        variables["BYBIT_PUBLIC_WS_URL"] = settings.bybit_public_ws_url
    return variables


def exchange_spec(log_dir: Path, arguments: Sequence[str]) -> ProcessSpec:
    """The simulated exchange; ready once it has announced itself."""
    return ProcessSpec(
        "exchange",
        [*_ours("exchange"), *arguments],
        ready=lambda: _announcement(log_dir) is not None,
    )


def cost_arguments(costs: Costs) -> list[str]:
    """What the simulated exchange is told to charge."""
    return [
        *("--maker-fee-bps", str(costs.maker_fee_bps)),
        *("--taker-fee-bps", str(costs.taker_fee_bps)),
        *("--slippage-bps", str(costs.slippage_bps)),
        *("--funding-rate", str(costs.funding_rate)),
        *("--funding-interval-hours", str(costs.funding_interval_hours)),
    ]


def exchange_access(log_dir: Path) -> ExchangeAccess:
    """What the running exchange announced on its first line."""
    announced = _announcement(log_dir)
    if announced is None:
        raise FileNotFoundError(log_dir / "exchange.log")
    return ExchangeAccess(**{name: announced[name] for name in ExchangeAccess.__dataclass_fields__})


def execution_specs(state: SystemState) -> list[ProcessSpec]:
    """Code server, one worker per queue, feed: nothing here needs one of the others."""
    code_socket = str(state.code_socket)
    state.code_socket.unlink(missing_ok=True)
    return [
        code_server_spec(
            # every long-polling sensor holds one thread of the server while it waits
            [*_module("dagster", "api", "grpc"), "-s", code_socket, "-m", DEFINITIONS, "-n", "24", *_PLAIN_LOG],
            state.code_socket,
            _SHORT_GRACE_S,
        ),
        # Three: a wave, what waits for the account, and one that is free when either takes long.
        ProcessSpec("worker-trading", [*_ours("worker"), "--queue", "trading", "--processes", "3"]),
        ProcessSpec("worker-backfill", [*_ours("worker"), "--queue", "backfill", "--processes", "1"]),
        feed_spec(),
    ]


def feed_spec() -> ProcessSpec:
    """The feed of bars and fills."""
    return ProcessSpec("feed", _ours("feed"))


def watchdog_spec() -> ProcessSpec:
    """The second look at stops; it enters nothing and needs none of the others."""
    return ProcessSpec("watchdog", _ours("watchdog"), grace_s=_SHORT_GRACE_S)


def simulated_exchange(config_dir: Path, state_dir: Path, start: datetime) -> list[str]:
    """Arguments of the exchange that is started where there is no other; it stands for no real market.

    :param state_dir: holds its account beside the database that knows of it, so that both live equally long.
    :param start: of its clock where the folder is new.
    """
    symbols = ",".join(one.symbol for one in load_universe(config_dir).instrument_ids)
    world = ["--seed", "1", "--symbols", symbols, "--start", start.isoformat(), "--port", str(free_port())]
    kept = ["--state", str(state_dir.resolve() / "exchange.sqlite")]
    return [*world, *kept, *cost_arguments(load_costs(config_dir))]


def paper_exchange(settings: Settings) -> list[str]:
    """Arguments of the exchange that keeps a paper account: at wall time, at the prices of the real venue."""
    symbols = ",".join(one.symbol for one in load_universe(settings.config_dir).instrument_ids)
    market = market_of_paper(settings)
    prices = ["--wall", "--live", market.rest, "--live-ws", market.public_ws]
    kept = ["--state", str(settings.state_dir.resolve() / "paper.sqlite")]
    costs = cost_arguments(load_costs(settings.config_dir))
    return ["--symbols", symbols, "--port", str(free_port()), *prices, *kept, *costs]


def control_specs(state: SystemState, webserver_port: int) -> list[ProcessSpec]:
    """Webserver and daemon: they ask the code server, so it has to be there before them."""
    workspace = str(state.workspace)
    return [
        ProcessSpec(
            "webserver",
            [*_ours("webserver"), "--workspace", workspace, "--port", str(webserver_port)],
            ready=lambda: location_loaded(webserver_port),
            grace_s=_SHORT_GRACE_S,
        ),
        ProcessSpec("daemon", [*_ours("daemon"), "--workspace", workspace], grace_s=_SHORT_GRACE_S),
    ]


def api_specs(settings: Settings) -> list[ProcessSpec]:
    """The HTTP API, unless its port is 0; it answers while everything else is away, so nothing else waits for it."""
    host, port = settings.api_host, settings.api_port
    spec = ProcessSpec("api", _ours("api"), ready=lambda: _listens(host, port), grace_s=_SHORT_GRACE_S)
    return [spec] if port else []


def _listens(host: str, port: int) -> bool:
    with socket.socket() as probe:
        # To listen on every address is no address that can be called.
        return probe.connect_ex(("127.0.0.1" if host == "0.0.0.0" else host, port)) == 0  # noqa: S104


def ui_address(webserver_port: int) -> str:
    """Of the Dagster UI on this machine."""
    return f"http://127.0.0.1:{webserver_port}{UI_PREFIX}"


def location_loaded(webserver_port: int) -> bool:
    """Whether the webserver answers and has read the definitions."""
    query = {"query": "{ repositoriesOrError { ... on RepositoryConnection { nodes { name } } } }"}
    try:
        response = httpx.post(f"{ui_address(webserver_port)}/graphql", json=query, timeout=5)
    except httpx.TransportError:
        return False
    # A webserver answers before it has read the definitions, and then shows a page without a single asset.
    return response.status_code == 200 and bool(response.json()["data"]["repositoriesOrError"].get("nodes"))


def refuse_taken_port(port: int, option: str = "--port") -> None:
    """Make sure that nobody listens on a loopback port.

    :param option: by which another is chosen.
    :raises ConfigurationError: somebody does, or it is no port.
    """
    try:
        with socket.socket() as probe:
            taken = probe.connect_ex(("127.0.0.1", port)) == 0
    except OverflowError:
        raise ConfigurationError(f"{option} {port}: not between 0 and 65535") from None
    if taken:
        raise ConfigurationError(f"port {port} is in use; choose another with {option}")


def _ours(command: str) -> list[str]:
    return _module("trading_pipeline.cli.main", command)


def _module(name: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", name, *arguments]


def _announcement(log_dir: Path) -> dict[str, str] | None:
    log = log_dir / "exchange.log"
    if not log.exists():
        return None
    # Its log may begin with other lines, such as warnings of libraries.
    for line in log.read_text(errors="replace").splitlines():
        if line.startswith("{") and "api_key" in line:
            announced: dict[str, str] = json.loads(line)
            return announced
    return None
