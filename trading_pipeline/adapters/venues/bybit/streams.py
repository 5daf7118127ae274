"""Bybit's WebSockets.

Pages: v5/ws/connect, v5/websocket/public/kline and ticker, v5/websocket/private/order and execution.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Self

from trading_pipeline.adapters.venues.bybit.capabilities import PING_INTERVAL_S
from trading_pipeline.adapters.venues.bybit.frames import (
    PING,
    PRIVATE_TOPICS,
    authentication,
    book_topic,
    condition_topics,
    kline_topics,
    native,
    read_frame,
    spread,
    subscribe_anew,
    subscriptions,
)
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.market_feeds import MarketFeeds
from trading_pipeline.domain.model.stream_updates import StreamReply, StreamUpdate
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.ports.venue.streams import ConditionsStream, MarketStream, VenueStream

# Seconds for which a signature is good: longer than a handshake takes, too short to be of use to somebody else.
_AUTHENTICATION_S = 10.0


class BybitMarketStream(MarketStream):
    """Closed klines."""

    ping = PING
    ping_s = PING_INTERVAL_S

    def __init__(self, url: str, instrument_ids: Sequence[InstrumentId], timeframes: Sequence[Timeframe]) -> None:
        """:param timeframes: those the venue does not publish are left out."""
        self.url = url
        self.timeframes = tuple(native(timeframes))
        self._instrument_ids = tuple(instrument_ids)

    def parts(self) -> Sequence[Self]:
        """By instrument, so that what closes together of one comes over one connection."""
        groups = spread(self._instrument_ids, lambda one: kline_topics([one.symbol], self.timeframes))
        return [type(self)(self.url, group, self.timeframes) for group in groups] or [self]

    def handshake_messages(self) -> Iterator[str]:
        """Subscriptions to every series."""
        return subscriptions(kline_topics([one.symbol for one in self._instrument_ids], self.timeframes))

    def read(self, raw: str | bytes) -> StreamReply | StreamUpdate:
        """See ``read_frame``."""
        return read_frame(raw)


class BybitConditionsStream(ConditionsStream):
    """What stands between bars."""

    ping = PING
    ping_s = PING_INTERVAL_S

    def __init__(self, url: str, instrument_ids: Sequence[InstrumentId], feeds: MarketFeeds) -> None:
        """:param feeds: what of it is collected."""
        self.url = url
        self._instrument_ids, self._feeds = tuple(instrument_ids), feeds
        self.topics = condition_topics([one.symbol for one in instrument_ids], feeds)

    def parts(self) -> Sequence[Self]:
        """By instrument."""
        groups = spread(self._instrument_ids, lambda one: condition_topics([one.symbol], self._feeds))
        return [type(self)(self.url, group, self._feeds) for group in groups] or [self]

    def handshake_messages(self) -> Iterator[str]:
        """Subscriptions to everything that is collected."""
        return subscriptions(self.topics)

    def read(self, raw: str | bytes) -> StreamReply | StreamUpdate:
        """See ``read_frame``."""
        return read_frame(raw)

    def resync_messages(self, instrument_id: InstrumentId) -> tuple[str, ...]:
        """Leave the topic and come back: the venue begins with a snapshot."""
        return subscribe_anew(f"{book_topic(self._feeds)}.{instrument_id.symbol}")


class BybitAccountStream(VenueStream):
    """Orders and executions of the account."""

    ping = PING
    ping_s = PING_INTERVAL_S

    def __init__(self, url: str, key: str, secret: str, wall_s: Callable[[], float] = time.time) -> None:
        """:param wall_s: real time in seconds since 1970, which the venue compares also where its clock stands."""
        self.url = url
        self._key, self._secret = key, secret
        self._wall_s = wall_s

    def handshake_messages(self) -> Iterator[str]:
        """A fresh signature, then the topics."""
        # Signed at each connection: the venue refuses a signature whose time has passed.
        yield authentication(self._key, self._secret, int((self._wall_s() + _AUTHENTICATION_S) * 1000))
        yield from subscriptions(PRIVATE_TOPICS)

    def read(self, raw: str | bytes) -> StreamReply | StreamUpdate:
        """See ``read_frame``."""
        return read_frame(raw)
