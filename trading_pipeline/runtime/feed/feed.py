"""Streams side by side until somebody asks them to end, and the sign of life that tells which are up."""

import asyncio
import signal
from collections.abc import Callable, Coroutine
from dataclasses import dataclass

import structlog

from trading_pipeline.domain.model.errors import TemporaryVenueError
from trading_pipeline.runtime.feed.backoff import UNANSWERED_S
from trading_pipeline.runtime.feed.link import Link
from trading_pipeline.runtime.feed.persistence import retry_until_reachable

_log = structlog.get_logger(__name__)

# Seconds; whoever watches takes four missed beats for the end of the feed.
_HEARTBEAT_S = 5.0


@dataclass(frozen=True, slots=True)
class FeedStream:
    """One listener, the WebSockets that it hears, and the work beside them.

    :param begin: asked once before anything is heard, again while the venue does not answer.
    :param work: each runs for as long as the feed does.
    """

    links: tuple[Link, ...]
    begin: Callable[[], Coroutine[None, None, None]]
    work: tuple[Callable[[], Coroutine[None, None, None]], ...]


@dataclass(frozen=True, slots=True)
class Feed:
    """What runs.

    :param beat: told every few seconds which streams are up.
    """

    streams: tuple[FeedStream, ...]
    beat: Callable[[str], None]

    async def run(self) -> None:
        """Run until SIGTERM or SIGINT.

        :raises ConfigurationError: the venue refuses the key or an instrument.
        """
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        # Whatever ends first: the signal, or work that is to run for ever and therefore failed.
        await _first_ended(stop.wait(), self._work())
        _log.info("ending")

    async def _work(self) -> None:
        # Nothing connects before every stream knows where it stands: a frame would not find its series.
        while not await self._begun():
            await asyncio.sleep(UNANSWERED_S)
        links = [link.run() for stream in self.streams for link in stream.links]
        await _first_ended(*links, *(work() for stream in self.streams for work in stream.work), self._beat())

    async def _begun(self) -> bool:
        try:
            for stream in self.streams:
                await stream.begin()
        except TemporaryVenueError as error:
            _log.warning("the venue does not answer yet", cause=str(error))
            return False
        return True

    async def _beat(self) -> None:
        while True:
            await retry_until_reachable(self._beat_once, "heartbeat")
            await asyncio.sleep(_HEARTBEAT_S)

    def _beat_once(self) -> None:
        up: dict[str, bool] = {}
        for link in (link for stream in self.streams for link in stream.links):
            # A stream is up when all of its connections are: what one of them brings is missing otherwise.
            up[link.listener.name] = link.up and up.get(link.listener.name, True)
        self.beat(", ".join(f"{name} {'up' if stands else 'down'}" for name, stands in up.items()))


async def _first_ended(*work: Coroutine[None, None, object]) -> None:
    """Run side by side until one ends or fails, then end the others."""
    tasks = [asyncio.ensure_future(part) for part in work]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            # Raises what ended it, so that a refused key ends the feed with its message.
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
