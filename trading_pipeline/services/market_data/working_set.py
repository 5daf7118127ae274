"""The newest candles of what people look at, in memory: one request however many ask at once."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock

from trading_pipeline.domain.model.bars import Bar
from trading_pipeline.domain.model.candles import Candle
from trading_pipeline.domain.model.errors import ConfigurationError, TradingError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe, from_ms
from trading_pipeline.ports.venue.clock import Clock
from trading_pipeline.ports.venue.market_data import MarketData

KEPT = 500
LOAD_LIMITS = (100, 1000)
MOST_KEYS = 256
_STALE_AFTER = 2
"""Bars: without a newer one the venue is asked again."""
_REMEMBERED_FAILURE_S = 5.0

Key = tuple[InstrumentId, Timeframe]
Keep = Callable[[Sequence[Bar]], None]
Heard = Callable[[InstrumentId, Timeframe, datetime], Sequence[Bar]]
"""Bars of a key that open at an instant (UTC) or later and were heard by somebody else, ascending."""


def require_load_limit(limit: int) -> None:
    """:raises ConfigurationError: it is outside what may be loaded at once."""
    least, most = LOAD_LIMITS
    if not least <= limit <= most:
        raise ConfigurationError(f"load_limit {limit} is outside {least}..{most}")


@dataclass
class WorkingSet:
    """At most ``KEPT`` closed candles of each of at most ``MOST_KEYS`` keys; the key unused longest goes first.

    Safe to ask from many threads; of one key one thread asks the venue and the others wait for its answer.

    :param keep: what is done with every bar that was loaded, such as storing it.
    :param heard: asked for what is newer than memory before the venue is.
    :param monotonic_s: seconds of a clock that never runs back; failures are remembered by it.
    """

    market_data: MarketData
    clock: Clock
    monotonic_s: Callable[[], float]
    keep: Keep = lambda _: None
    heard: Heard = lambda *_: ()
    _sets: "OrderedDict[Key, list[Candle]]" = field(default_factory=OrderedDict)
    _loading: "dict[Key, Future[list[Candle]]]" = field(default_factory=dict)
    _failures: "dict[Key, tuple[float, TradingError]]" = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def candles(self, instrument_id: InstrumentId, timeframe: Timeframe, load_limit: int = 1000) -> list[Candle]:
        """The newest candles, ascending; the venue is asked when there are none, or the newest is two bars old.

        :raises ConfigurationError: ``load_limit`` is outside its range, or the venue does not know the instrument.
        :raises VenueError: it did not answer; for five seconds it is not asked again.
        """
        require_load_limit(load_limit)
        key = (instrument_id, timeframe)
        self._take_up(key)
        with self._lock:
            held = self._sets.get(key)
            if held and not self._stale(held, timeframe):
                self._sets.move_to_end(key)
                return list(held)
            failed_at, failure = self._failures.get(key, (-_REMEMBERED_FAILURE_S, None))
            if failure is not None and self.monotonic_s() - failed_at < _REMEMBERED_FAILURE_S:
                raise failure
            waiting = self._loading.get(key)
            mine = waiting is None
            if waiting is None:
                waiting = self._loading[key] = Future()
        if mine:
            # outside the lock: other keys are answered meanwhile
            self._load(key, load_limit, waiting)
        return list(waiting.result())

    def put(self, bar: Bar) -> None:
        """A closed bar that was heard replaces the candle of its time, or comes behind; of a key in memory only."""
        with self._lock:
            held = self._sets.get((bar.instrument_id, bar.timeframe))
            if held:
                candle = Candle.of(bar)
                self._sets[bar.instrument_id, bar.timeframe] = _merged([*held, candle])

    def forget(self, instrument_id: InstrumentId, timeframe: Timeframe) -> None:
        """Drop a key, so that it is loaded anew."""
        with self._lock:
            self._sets.pop((instrument_id, timeframe), None)
            self._failures.pop((instrument_id, timeframe), None)

    def _take_up(self, key: Key) -> None:
        """Put what was heard behind what is held, up to the first hole: what is missing there the venue has to tell."""
        with self._lock:
            held = self._sets.get(key)
            newest = held[-1].time if held else None
        if newest is None:
            return
        instrument_id, timeframe = key
        opens = from_ms(newest * 1000) + timeframe.duration
        # A bar that has not closed nobody has heard: between two closes a look costs no question.
        if self.clock.now() < opens + timeframe.duration:
            return
        for bar in self.heard(instrument_id, timeframe, opens):
            if bar.open_time != opens:
                break
            self.put(bar)
            opens = bar.close_time

    def _stale(self, held: list[Candle], timeframe: Timeframe) -> bool:
        return self.clock.now() - from_ms(held[-1].time * 1000) > _STALE_AFTER * timeframe.duration

    def _load(self, key: Key, load_limit: int, waiting: "Future[list[Candle]]") -> None:
        """Ask the venue, and answer everybody who waits; what failed is raised for each of them."""
        instrument_id, timeframe = key
        try:
            end = self.clock.now()
            bars = self.market_data.bars(instrument_id, timeframe, end - load_limit * timeframe.duration, end)
            self.keep(bars)
            found = _merged([Candle.of(bar) for bar in bars])
        except BaseException as error:
            with self._lock:
                del self._loading[key]
                if isinstance(error, TradingError):
                    self._failures[key] = self.monotonic_s(), error
            waiting.set_exception(error)
            raise
        with self._lock:
            del self._loading[key]
            self._failures.pop(key, None)
            # nothing found is remembered by nobody: the next one asks again
            if found:
                self._sets[key] = found
                self._sets.move_to_end(key)
            while len(self._sets) > MOST_KEYS:
                self._sets.popitem(last=False)
        waiting.set_result(found)


def _merged(candles: Sequence[Candle]) -> list[Candle]:
    """By time, of two of one time the later told, the newest ``KEPT``."""
    latest = {candle.time: candle for candle in candles}
    return [latest[time] for time in sorted(latest)][-KEPT:]
