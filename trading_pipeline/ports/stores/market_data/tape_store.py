"""Whole order books and public trades."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from trading_pipeline.domain.model.local_books import BookSnapshot
from trading_pipeline.domain.model.public_trades import PublicTrade


class TapeStore(ABC):
    """The tables ``book_snapshots`` and ``public_trades``, append-only; what is there already stands."""

    @abstractmethod
    def append_books(self, snapshots: Sequence[BookSnapshot]) -> None:
        """Keep whole books."""

    @abstractmethod
    def append_trades(self, trades: Sequence[PublicTrade]) -> None:
        """Keep trades, each once by the venue's id."""
