"""What the frames of a venue's WebSocket mean, whatever the venue."""

from dataclasses import dataclass

from trading_pipeline.domain.model.bars import Bar
from trading_pipeline.domain.model.fills import Fill
from trading_pipeline.domain.model.local_books import BookChange
from trading_pipeline.domain.model.orders import OrderReport
from trading_pipeline.domain.model.public_trades import PublicTrade
from trading_pipeline.domain.model.tickers import TickerChange


@dataclass(frozen=True, slots=True)
class StreamReply:
    """The venue's answer to a message of ours.

    :param operation: of which message, in the venue's word.
    :param answers_handshake: whether the message was one of the handshake; pongs and the like are not.
    """

    operation: str
    success: bool
    message: str
    answers_handshake: bool


@dataclass(frozen=True, slots=True)
class StreamUpdate:
    """What a data frame says; frames about anything else are empty."""

    bars: tuple[Bar, ...] = ()
    reports: tuple[OrderReport, ...] = ()
    fills: tuple[Fill, ...] = ()
    tickers: tuple[TickerChange, ...] = ()
    books: tuple[BookChange, ...] = ()
    trades: tuple[PublicTrade, ...] = ()
