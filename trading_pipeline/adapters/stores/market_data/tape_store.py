"""Whole order books and public trades in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import Engine
from sqlalchemy.dialects.postgresql import insert

from trading_pipeline.adapters.stores.postgres.condition_tables import book_snapshots, public_trades
from trading_pipeline.domain.model.books import Level
from trading_pipeline.domain.model.local_books import BookSnapshot
from trading_pipeline.domain.model.public_trades import PublicTrade
from trading_pipeline.ports.stores.market_data.tape_store import TapeStore


class PostgresTapeStore(TapeStore):
    """Inserts alone; a call is a transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def append_books(self, snapshots: Sequence[BookSnapshot]) -> None:
        """Levels as text, which keeps the venue's digits."""
        rows = [
            {
                "instrument_id": one.book.instrument_id,
                "at": one.book.at,
                "update_id": one.update_id,
                "bids": _texts(one.book.bids),
                "asks": _texts(one.book.asks),
            }
            for one in snapshots
        ]
        if rows:
            with self._engine.begin() as connection:
                connection.execute(insert(book_snapshots).on_conflict_do_nothing(), rows)

    def append_trades(self, trades: Sequence[PublicTrade]) -> None:
        """One row a trade."""
        if trades:
            with self._engine.begin() as connection:
                connection.execute(insert(public_trades).on_conflict_do_nothing(), [asdict(trade) for trade in trades])


def _texts(levels: Sequence[Level]) -> list[list[str]]:
    return [[f"{price:f}", f"{quantity:f}"] for price, quantity in levels]
