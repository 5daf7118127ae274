"""Starting and ending the exchange: bars, clock and account, one event loop, two signals."""

import asyncio
import contextlib
import secrets
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path

import uvicorn

from trading_pipeline.domain.lifecycle.costs import Costs
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.timeframes import Timeframe, to_ms
from trading_pipeline.exchange_simulator.application import Application
from trading_pipeline.exchange_simulator.authentication import credentials_for
from trading_pipeline.exchange_simulator.bars import BarSeries
from trading_pipeline.exchange_simulator.clock import Clock, FreeClock, LockStepClock, wall_now
from trading_pipeline.exchange_simulator.exchange import Exchange, Market, Terms
from trading_pipeline.exchange_simulator.instruments import specification, typical_price
from trading_pipeline.exchange_simulator.market_model import BASE, EPOCH, GENERATED_END, generate
from trading_pipeline.exchange_simulator.price_walk import Moment, PriceWalk
from trading_pipeline.exchange_simulator.recorded_funding import load_funding
from trading_pipeline.exchange_simulator.streams import PRIVATE_PATH, PUBLIC_PATH
from trading_pipeline.exchange_simulator.transports import HttpProtocol, WebSocketProtocol
from trading_pipeline.exchange_simulator.venue import Venue, check_start

DEFAULT_START = datetime(2025, 11, 1, tzinfo=UTC)
"""Where generated bars are entered without a start: ten months of history before it, a year after it."""
LOOPBACK = "127.0.0.1"
EVERY_INTERFACE = "0.0.0.0"  # noqa: S104 - a name for it, not a default
BASE_TIER = Costs(Decimal(2), Decimal("5.5"), Decimal(0), Decimal("0.0001"), 8)
"""Fees of a new account at the venue, and the interest part of its funding rate."""
KEPT_AFTER_START = timedelta(days=240)
"""Of generated bars; where they end, an exchange with a later start goes on with the same ones."""
GENERATORS = 2
"""Symbols whose bars are generated at the same time."""
# Wall seconds between two messages about a forming bar.
PULSE_S = 1.0
# Wall seconds; a clock of any speed is looked at this often, so that resting orders meet the price in time.
LONGEST_SLEEP_S = 0.1
# Wall seconds of telling the public stream what happened, before requests have their turn.
SLICE_S = 0.005


@dataclass(frozen=True, slots=True)
class Configuration:
    """What to simulate.

    :param bars: folder of recorded bars; ``None`` generates them from ``seed``.
    :param host: IPv4 address or name of this machine to listen on.
    :param port: 0 takes any free one.
    :param lock_step: timeframe of the lock-step clock; ``None`` lets the clock run free at ``speed``.
    :param costs: what the account pays; funding rates recorded beside the bars come before the constant one.
    """

    symbols: tuple[str, ...]
    host: str = LOOPBACK
    port: int = 0
    bars: Path | None = None
    seed: int = 0
    start: datetime | None = None
    speed: float = 1.0
    lock_step: Timeframe | None = None
    balance: Decimal = Decimal(10_000)
    half_spread_ticks: int = 0
    costs: Costs = BASE_TIER


@dataclass(frozen=True, slots=True)
class Addresses:
    """How to reach a running exchange, and as whom."""

    rest_url: str
    public_ws_url: str
    private_ws_url: str
    api_key: str
    api_secret: str
    account_id: str


def build(configuration: Configuration, run_id: str) -> Venue:
    """The exchange as configured, standing at its start.

    :raises ConfigurationError: symbols, start, speed or files do not fit.
    :raises DataError: recorded bars are unsound.
    """
    symbols = configuration.symbols
    if not symbols or len(set(symbols)) != len(symbols):
        raise ConfigurationError(f"symbols {','.join(symbols)!r} are empty or repeated; name each once")
    series, start = _bars(configuration)
    return assemble(configuration, series, start, run_id)


def assemble(configuration: Configuration, series: dict[str, BarSeries], start: datetime, run_id: str) -> Venue:
    """The exchange on given base bars.

    :raises ConfigurationError: start, speed or lock step do not fit.
    """
    check_start(start, wall_now())
    moment = Moment(to_ms(start))
    markets = {symbol: _market(configuration, symbol, bars, moment) for symbol, bars in series.items()}
    clock: Clock
    if configuration.lock_step is None:
        clock = FreeClock(start, configuration.speed)
    else:
        _check_step(configuration.lock_step, series)
        clock = LockStepClock(start, configuration.lock_step)
    costs = configuration.costs
    terms = Terms(
        balance=configuration.balance,
        slippage_bps=costs.slippage_bps,
        half_spread_ticks=configuration.half_spread_ticks,
        funding_rate=costs.funding_rate,
        funding_interval_hours=costs.funding_interval_hours,
        run_id=run_id,
    )
    origin = str(configuration.bars.name if configuration.bars else configuration.seed)
    return Venue(Exchange(markets, terms, moment), clock, credentials_for(origin))


def _bars(configuration: Configuration) -> tuple[dict[str, BarSeries], datetime]:
    """Base bars of every symbol and the start."""
    if configuration.bars is not None:
        # Reading files costs an import of pandas (50 MB) that generated bars do without.
        from trading_pipeline.exchange_simulator.recorded_bars import load

        return load(configuration.bars, configuration.symbols, configuration.start)
    start = configuration.start or DEFAULT_START
    first = EPOCH + BASE.duration
    if not first <= start < GENERATED_END:
        raise ConfigurationError(
            f"start {start.isoformat()} is outside the generated bars: {first:%Y-%m-%d} to {GENERATED_END:%Y-%m-%d}"
        )
    # numpy lets other threads in while it draws and adds up.
    with ThreadPoolExecutor(GENERATORS) as pool:
        until_ms = to_ms(start + KEPT_AFTER_START)
        made = pool.map(partial(generate, seed=configuration.seed, until_ms=until_ms), configuration.symbols)
        series = dict(zip(configuration.symbols, made, strict=True))
    return series, start


def _check_step(step: Timeframe, series: dict[str, BarSeries]) -> None:
    """Base bars divide the step."""
    for symbol, bars in series.items():
        if step.ms % bars.step_ms:
            raise ConfigurationError(
                f"bars of {symbol} are {bars.step_ms // 60_000}m; choose a lock step that is a multiple of it"
            )


def _market(configuration: Configuration, symbol: str, bars: BarSeries, moment: Moment) -> Market:
    """A tradable symbol with the contract that suits its prices, its fees, and the funding that was recorded."""
    typical_price(symbol)
    last = bars.price(int(bars.open[0]))
    recorded = {} if configuration.bars is None else load_funding(configuration.bars, symbol)
    costs = configuration.costs
    contract = specification(symbol, last, bars.price_decimals, costs.maker_fee, costs.taker_fee)
    return Market(contract, PriceWalk(bars), moment, recorded)


class _Server(uvicorn.Server):
    """Leaves signals to ``serve``, so that ending by signal is a clean exit."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do nothing."""
        yield


def listen(host: str, port: int) -> socket.socket:
    """A bound socket.

    :raises ConfigurationError: the host is none of this machine, or the port is in use or not allowed.
    """
    # asyncio switches Nagle's algorithm off only where the protocol is named; otherwise answers take 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except socket.gaierror as error:
        listener.close()
        raise ConfigurationError(f"host {host!r} is unknown ({error}); use {LOOPBACK} or {EVERY_INTERFACE}") from None
    except (OSError, OverflowError) as error:
        listener.close()
        raise ConfigurationError(
            f"{host} port {port} cannot be used ({error}); choose another, or port 0 for any"
        ) from None
    return listener


def serve(configuration: Configuration, announce: Callable[[Addresses], None]) -> None:
    """Run an exchange until SIGINT or SIGTERM.

    :param announce: is told the addresses as soon as connections are accepted.
    :raises ConfigurationError: see ``build`` and ``listen``.
    :raises DataError: see ``build``.
    """
    # The address is taken before anything is built: a port in use is known at once, not after all bars were read.
    with listen(configuration.host, configuration.port) as listener:
        venue = build(configuration, secrets.token_hex(8))
        # The socket listens already, so that a client which connects at once waits instead of being refused.
        announce(addresses(venue, listener))
        asyncio.run(_run_until_signal(venue, listener))


@contextlib.contextmanager
def running_exchange(configuration: Configuration) -> Iterator[Addresses]:
    """An exchange in a thread of this process, on a free port unless one is configured; ends with the block.

    :raises ConfigurationError: see ``build`` and ``listen``.
    :raises DataError: see ``build``.
    """
    venue = build(configuration, secrets.token_hex(8))
    with running_venue(venue, configuration.host, configuration.port) as reached:
        yield reached


@contextlib.contextmanager
def running_venue(venue: Venue, host: str = LOOPBACK, port: int = 0) -> Iterator[Addresses]:
    """The same for an exchange that was built before.

    :raises ConfigurationError: see ``listen``.
    """
    with listen(host, port) as listener:
        server = _server(venue)
        thread = threading.Thread(target=asyncio.run, args=(_run(venue, server, listener),), name="exchange")
        thread.start()
        try:
            yield addresses(venue, listener)
        finally:
            server.should_exit = True
            thread.join()


def _server(venue: Venue) -> "_Server":
    """An HTTP and WebSocket server for one venue."""
    return _Server(
        uvicorn.Config(
            Application(venue),
            http=HttpProtocol,
            ws=WebSocketProtocol,
            # Compressing every message for every listener costs more than all the rest.
            ws_per_message_deflate=False,
            lifespan="off",
            log_level="warning",
            access_log=False,
            server_header=False,
            date_header=False,
            timeout_graceful_shutdown=1,
        )
    )


async def _run_until_signal(venue: Venue, listener: socket.socket) -> None:
    """Serve until SIGINT or SIGTERM."""
    server = _server(venue)
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, setattr, server, "should_exit", True)
    await _run(venue, server, listener)


async def _run(venue: Venue, server: "_Server", listener: socket.socket) -> None:
    """Serve until the server is told to exit."""
    ticker = asyncio.create_task(_tick(venue))
    # An exchange whose time stopped by an error must not go on answering.
    ticker.add_done_callback(lambda _: setattr(server, "should_exit", venue.clock.mode == "free" or server.should_exit))
    await server.serve(sockets=[listener])
    ticker.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await ticker


async def _tick(venue: Venue) -> None:
    """Keep a free-running exchange at its clock, exactly at closes, and pulse forming bars."""
    clock = venue.clock
    if isinstance(clock, LockStepClock):
        return
    loop = asyncio.get_running_loop()
    pulse_at = loop.time()
    step_ms = min(market.walk.series.step_ms for market in venue.exchange.markets.values())
    while True:
        venue.catch_up()
        venue.flush_private()
        await _in_turns(venue.feed.announcing())
        if loop.time() >= pulse_at:
            await _in_turns(venue.feed.pulsing())
            pulse_at += PULSE_S
        now_ms = venue.exchange.now_ms
        close_ms = now_ms - now_ms % step_ms + step_ms
        # Exactly at the close, so that a closed bar is told in the instant in which it closes.
        wait_s = LONGEST_SLEEP_S if now_ms >= venue.end_ms else clock.seconds_until(close_ms)
        await asyncio.sleep(min(LONGEST_SLEEP_S, max(0.001, wait_s)))


async def _in_turns(work: Iterator[None]) -> None:
    """Do the work in slices, so that requests are answered between two of them."""
    loop = asyncio.get_running_loop()
    pause_at = loop.time() + SLICE_S
    for _ in work:
        if loop.time() >= pause_at:
            await asyncio.sleep(0)
            pause_at = loop.time() + SLICE_S


def addresses(venue: Venue, listener: socket.socket) -> Addresses:
    """Where the exchange can be reached from this machine."""
    host, port = listener.getsockname()
    if host == EVERY_INTERFACE:
        host = LOOPBACK
    keys = venue.credentials
    return Addresses(
        rest_url=f"http://{host}:{port}",
        public_ws_url=f"ws://{host}:{port}{PUBLIC_PATH}",
        private_ws_url=f"ws://{host}:{port}{PRIVATE_PATH}",
        api_key=keys.api_key,
        api_secret=keys.api_secret,
        account_id=keys.account_id,
    )
