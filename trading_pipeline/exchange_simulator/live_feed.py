"""The prices of a venue by its public WebSocket, into the exchange that lives on them."""

import asyncio
import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

import structlog
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.exchange_simulator.funding_schedule import FundingSchedule
from trading_pipeline.exchange_simulator.live_prices import LiveWalk
from trading_pipeline.exchange_simulator.live_venue import LiveVenue
from trading_pipeline.exchange_simulator.venue import Venue
from trading_pipeline.exchange_simulator.walking import advance

_log = structlog.get_logger(__name__)

_TIMEOUT_S = 10.0
_SILENCE_S = 30.0
"""Without a single frame for so long the connection is dead; a ping is answered every fifteen."""
_PING_S = 15.0
_RECONNECT_S = 1.0


@dataclass(slots=True)
class LivePrices:
    """Hears the venue for as long as the exchange runs; while it does not, nothing can be ordered.

    A market of which nobody knows the price must not fill: orders are refused as in a suspended market, stops rest.
    """

    venue: Venue
    source: LiveVenue

    async def follow(self) -> None:
        """Connect, hear, connect again."""
        while True:
            try:
                await self._session()
            except (OSError, TimeoutError, WebSocketException) as error:
                _log.warning("the venue's prices are lost", cause=f"{type(error).__name__}: {error}")
            self.venue.exchange.suspended.update(self.venue.exchange.markets)
            await asyncio.sleep(_RECONNECT_S)

    async def _session(self) -> None:
        async with connect(self.source.public_ws_url, ping_interval=None, open_timeout=_TIMEOUT_S) as socket:
            topics = [f"tickers.{symbol}" for symbol in self.venue.exchange.markets]
            await socket.send(json.dumps({"op": "subscribe", "args": topics}))
            loop = asyncio.get_running_loop()
            pinged_at = heard_at = loop.time()
            while True:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout_at(pinged_at + _PING_S):
                        self.take(await socket.recv())
                        heard_at = loop.time()
                if loop.time() - heard_at > _SILENCE_S:
                    raise TimeoutError(f"nothing heard for {_SILENCE_S:.0f} s")
                if loop.time() >= pinged_at + _PING_S:
                    await socket.send('{"op":"ping"}')
                    pinged_at = loop.time()

    def take(self, raw: str | bytes) -> None:
        """Walk to the price of a frame; frames about anything else change nothing."""
        try:
            for symbol, told in _tickers(raw):
                if symbol in self.venue.exchange.markets:
                    _apply(self.venue, symbol, told)
        except DataError as error:
            # The next frame of the symbol is a second away; a wrong price would be traded at.
            _log.warning("a frame of the venue cannot be read", cause=str(error))


def _tickers(raw: str | bytes) -> Iterator[tuple[str, Mapping[str, Decimal]]]:
    """Symbol, and of its price and funding rate what the frame tells.

    :raises DataError: it is no JSON, or a number is none.
    """
    try:
        frame = json.loads(raw)
        if isinstance(frame, dict) and str(frame.get("topic", "")).startswith("tickers."):
            data = frame["data"]
            numbers = {name: Decimal(data[name]) for name in ("lastPrice", "fundingRate") if data.get(name)}
            if any(not number.is_finite() for number in numbers.values()) or numbers.get("lastPrice", 1) <= 0:
                raise DataError(f"a number of {data} is none that a market has")
            yield data["symbol"], numbers
    except (ValueError, KeyError, TypeError, InvalidOperation) as error:
        raise DataError(f"{type(error).__name__}: {error}") from error


def _apply(venue: Venue, symbol: str, told: Mapping[str, Decimal]) -> None:
    exchange = venue.exchange
    if "fundingRate" in told:
        schedule = exchange.funding[symbol]
        exchange.funding[symbol] = FundingSchedule(told["fundingRate"], schedule.interval_hours)
    if "lastPrice" not in told:
        return
    walk = exchange.markets[symbol].walk
    if not isinstance(walk, LiveWalk):
        raise TypeError(f"the prices of {symbol} are not a venue's")
    now_ms = exchange.now_ms
    # Time has to go on for a price to be reached: two within a millisecond are one after the other.
    at_ms = max(venue.clock.now_ms(), now_ms + 1)
    walk.aim(now_ms, told["lastPrice"], at_ms)
    exchange.suspended.discard(symbol)
    advance(exchange, at_ms)
    venue.flush_private()
