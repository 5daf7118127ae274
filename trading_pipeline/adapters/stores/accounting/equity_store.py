"""Readings of the account's money in PostgreSQL."""

from datetime import datetime

from sqlalchemy import Engine, select
from sqlalchemy.dialects.postgresql import insert

from trading_pipeline.adapters.stores.postgres.tables import equity_snapshots
from trading_pipeline.domain.model.accounts import Wallet
from trading_pipeline.ports.stores.execution.risk_store import EquityLog


class PostgresEquityLog(EquityLog):
    """``equity_snapshots``."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def record(self, wallet: Wallet) -> None:
        """Insert unless a reading of that instant is there."""
        row = {
            "read_at": wallet.read_at,
            "equity": wallet.equity,
            "balance": wallet.balance,
            "available": wallet.available,
            "unrealised_pnl": wallet.unrealised_pnl,
        }
        with self._engine.begin() as connection:
            connection.execute(insert(equity_snapshots).values(**row).on_conflict_do_nothing())

    def first_since(self, instant: datetime) -> Wallet | None:
        """The oldest reading at or after ``instant``."""
        table = equity_snapshots.c
        query = select(equity_snapshots).where(table.read_at >= instant).order_by(table.read_at).limit(1)
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        return Wallet(row.equity, row.balance, row.available, row.unrealised_pnl, row.read_at)
