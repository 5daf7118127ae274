"""Starting and ending the exchange: bars, clock and account, one event loop, two signals."""

import asyncio
import contextlib
import secrets
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import uvicorn

from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.exchange_simulator.application import Application
from trading_pipeline.exchange_simulator.assembly import build
from trading_pipeline.exchange_simulator.clock import LockStepClock
from trading_pipeline.exchange_simulator.configuration import LOOPBACK, Configuration
from trading_pipeline.exchange_simulator.live_feed import LivePrices
from trading_pipeline.exchange_simulator.streams import PRIVATE_PATH, PUBLIC_PATH
from trading_pipeline.exchange_simulator.tls import Certificate, certificate_in
from trading_pipeline.exchange_simulator.transports import HttpProtocol, WebSocketProtocol
from trading_pipeline.exchange_simulator.venue import Venue

EVERY_INTERFACE = "0.0.0.0"  # noqa: S104 - a name for it, not a default
# Wall seconds between two messages about a forming bar.
PULSE_S = 1.0
# Wall seconds; a clock of any speed is looked at this often, so that resting orders meet the price in time.
LONGEST_SLEEP_S = 0.1
# Wall seconds of telling the public stream what happened, before requests have their turn.
SLICE_S = 0.005
LONGEST_FRAME = 100_000
"""Bytes of a client's message; several times the venue's longest subscription. Longer ones end the connection."""


@dataclass(frozen=True, slots=True)
class Keys:
    """Whom a client trades as."""

    api_key: str
    api_secret: str
    account_id: str


@dataclass(frozen=True, slots=True)
class Addresses:
    """How to reach a running exchange, and as whom.

    :param others: keys of the accounts beside the first one, in their order.
    """

    rest_url: str
    public_ws_url: str
    private_ws_url: str
    api_key: str
    api_secret: str
    account_id: str
    others: tuple[Keys, ...] = ()


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
        certificate = certificate_in(configuration.tls)
        venue = build(configuration, secrets.token_hex(8))
        # The socket listens already, so that a client which connects at once waits instead of being refused.
        announce(addresses(venue, listener, certificate))
        asyncio.run(_run_until_signal(venue, listener, certificate))


@contextlib.contextmanager
def running_exchange(configuration: Configuration) -> Iterator[Addresses]:
    """An exchange in a thread of this process, on a free port unless one is configured; ends with the block.

    :raises ConfigurationError: see ``build`` and ``listen``.
    :raises DataError: see ``build``.
    """
    venue = build(configuration, secrets.token_hex(8))
    certificate = certificate_in(configuration.tls)
    with running_venue(venue, configuration.host, configuration.port, certificate) as reached:
        yield reached


@contextlib.contextmanager
def running_venue(
    venue: Venue, host: str = LOOPBACK, port: int = 0, certificate: Certificate | None = None
) -> Iterator[Addresses]:
    """The same for an exchange that was built before.

    :raises ConfigurationError: see ``listen``.
    """
    with listen(host, port) as listener:
        server = _server(venue, certificate)
        thread = threading.Thread(target=asyncio.run, args=(_run(venue, server, listener),), name="exchange")
        thread.start()
        try:
            yield addresses(venue, listener, certificate)
        finally:
            server.should_exit = True
            thread.join()


def _server(venue: Venue, certificate: Certificate | None) -> "_Server":
    """An HTTP and WebSocket server for one venue."""
    return _Server(
        uvicorn.Config(
            Application(venue),
            ssl_certfile=None if certificate is None else certificate.chain,
            ssl_keyfile=None if certificate is None else certificate.key,
            http=HttpProtocol,
            ws=WebSocketProtocol,
            # Compressing every message for every listener costs more than all the rest.
            ws_per_message_deflate=False,
            ws_max_size=LONGEST_FRAME,
            lifespan="off",
            log_level="warning",
            access_log=False,
            server_header=False,
            date_header=False,
            timeout_graceful_shutdown=1,
        )
    )


async def _run_until_signal(venue: Venue, listener: socket.socket, certificate: Certificate | None) -> None:
    """Serve until SIGINT or SIGTERM."""
    server = _server(venue, certificate)
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, setattr, server, "should_exit", True)
    await _run(venue, server, listener)


async def _run(venue: Venue, server: "_Server", listener: socket.socket) -> None:
    """Serve until the server is told to exit."""
    followed = [] if venue.live is None else [LivePrices(venue, venue.live).follow()]
    for seat in venue.seats.values():
        seat.disconnection.resume()
    ticker = asyncio.ensure_future(asyncio.gather(keep_time(venue), *followed))
    # An exchange whose time stopped by an error must not go on answering.
    stands = isinstance(venue.clock, LockStepClock)
    ticker.add_done_callback(lambda _: setattr(server, "should_exit", not stands or server.should_exit))
    try:
        await server.serve(sockets=[listener])
    finally:
        ticker.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await ticker
        venue.end()


async def keep_time(venue: Venue) -> None:
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
            venue.keep()
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


def addresses(venue: Venue, listener: socket.socket, certificate: Certificate | None = None) -> Addresses:
    """Where the exchange can be reached from this machine."""
    host, port = listener.getsockname()
    if host == EVERY_INTERFACE:
        host = LOOPBACK
    secure = "" if certificate is None else "s"
    held = [seat.credentials for seat in venue.seats.values()]
    keys, *others = [Keys(one.api_key, one.api_secret, one.account_id) for one in held]
    return Addresses(
        rest_url=f"http{secure}://{host}:{port}",
        public_ws_url=f"ws{secure}://{host}:{port}{PUBLIC_PATH}",
        private_ws_url=f"ws{secure}://{host}:{port}{PRIVATE_PATH}",
        api_key=keys.api_key,
        api_secret=keys.api_secret,
        account_id=keys.account_id,
        others=tuple(others),
    )
