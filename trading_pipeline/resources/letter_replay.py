"""Dead letters taken up again: read once more, and handed on as if they had just come."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Engine

from trading_pipeline.adapters.stores.market_data.raw_bar_store import PostgresRawBarStore
from trading_pipeline.adapters.stores.market_data.tape_store import PostgresTapeStore
from trading_pipeline.adapters.streams.redis_stream import RedisStream
from trading_pipeline.domain.model.bars import BarSource
from trading_pipeline.domain.model.dead_letters import DeadLetter
from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.events import FillBooked
from trading_pipeline.domain.model.fills import FillKind
from trading_pipeline.domain.model.stream_updates import StreamReply, StreamUpdate
from trading_pipeline.ports.stores.execution.ledger import OrderLedger
from trading_pipeline.ports.venue.streams import VenueStream
from trading_pipeline.services.market_data.ingest_bars import ingest_bars


@dataclass(frozen=True, slots=True)
class LetterReplay:
    """Gives letters to whoever could not read them, after that was mended.

    Bars, fills and reports are known by their ids, so that what came some other way meanwhile changes nothing.

    :param market: reads frames of the market.
    :param account: reads frames of the account, whose is ``ledger``; both are asked for when a letter is about it.
    """

    engine: Engine
    events: RedisStream
    market: VenueStream
    account: Callable[[], VenueStream]
    ledger: Callable[[], OrderLedger]

    def replay(self, letter: DeadLetter) -> str:
        """Take the letter up and out of the dead ones.

        :returns: what came of it, for the operator.
        :raises DataError: it still cannot be understood; it stays.
        """
        match letter.source:
            case "feed.public":
                done = self._store_bars(letter.payload)
            case "feed.private":
                done = self._book(letter.payload)
            case "feed.conditions":
                trades = _read(self.market, letter.payload).trades
                PostgresTapeStore(self.engine).append_trades(trades)
                # where things stood is no use any more: they stand elsewhere now
                done = f"{len(trades)} trades stored"
            # Every other letter was an event on a stream of our own.
            case stream:
                self.events.republish(stream, letter.payload)
                done = f"published on {stream}"
        # Last: one that dies in between is taken up twice, which changes nothing.
        self.events.drop_dead_letter(letter.letter_id)
        return done

    def _store_bars(self, payload: str) -> str:
        bars = _read(self.market, payload).bars
        found = ingest_bars(PostgresRawBarStore(self.engine), self.events, bars, BarSource.WEBSOCKET)
        return f"{len(bars)} bars, {len(found.new)} of them new"

    def _book(self, payload: str) -> str:
        update = _read(self.account(), payload)
        ledger = self.ledger()
        for report in update.reports:
            ledger.apply_report(report)
        for fill in update.fills:
            ledger.apply_fill(fill)
        # After all are booked: whoever is woken finds them.
        self.events.publish(
            [
                FillBooked(fill.instrument_id, fill.execution_id, fill.executed_at)
                for fill in update.fills
                if fill.kind is not FillKind.FUNDING
            ]
        )
        return f"{len(update.reports)} reports and {len(update.fills)} fills booked"


def _read(stream: VenueStream, payload: str) -> StreamUpdate:
    frame = stream.read(payload)
    if isinstance(frame, StreamReply):
        raise DataError(f"it is an answer to {frame.operation}, and carries nothing")
    return frame
