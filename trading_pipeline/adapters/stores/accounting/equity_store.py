"""Readings of the account's money in PostgreSQL."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import Engine, func, select
from sqlalchemy.dialects.postgresql import insert

from trading_pipeline.adapters.stores.postgres.database import reading
from trading_pipeline.adapters.stores.postgres.tables import equity_snapshots
from trading_pipeline.domain.model.accounts import Balance, Wallet
from trading_pipeline.domain.model.identity import AccountId
from trading_pipeline.ports.stores.execution.risk_store import EquityLog


class PostgresEquityLog(EquityLog):
    """``equity_snapshots`` of one account, a row per currency."""

    def __init__(self, engine: Engine, account_id: AccountId, run_id: str = "") -> None:
        """Write in the name of a run; empty for a process that is none."""
        self._engine = engine
        self._account_id = account_id
        self._run_id = run_id

    def record(self, wallet: Wallet) -> None:
        """Insert unless a reading of that instant is there."""
        rows = [
            {
                "account_id": self._account_id,
                "currency": currency,
                "read_at": wallet.read_at,
                "equity": held.equity,
                "balance": held.balance,
                "available": held.available,
                "unrealised_pnl": held.unrealised_pnl,
                "run_id": self._run_id,
            }
            for currency, held in wallet.balances.items()
        ]
        # SQLAlchemy takes an empty list for no parameters at all, which would be another statement.
        if rows:
            with self._engine.begin() as connection:
                connection.execute(insert(equity_snapshots).on_conflict_do_nothing(), rows)

    def first_since(self, instant: datetime) -> Wallet | None:
        """The oldest reading at or after ``instant`` (UTC), of every currency it had, each amount in that currency."""
        table = equity_snapshots.c
        mine = table.account_id == self._account_id
        # All currencies of a wallet are read at one instant, so the rows of the oldest one are a whole wallet.
        oldest = select(func.min(table.read_at)).where(mine, table.read_at >= instant).scalar_subquery()
        with reading(self._engine) as connection:
            rows = connection.execute(select(equity_snapshots).where(mine, table.read_at == oldest)).all()
        if not rows:
            return None
        balances = {row.currency: Balance(row.equity, row.balance, row.available, row.unrealised_pnl) for row in rows}
        return Wallet(balances, rows[0].read_at)

    def lowest_since(self, instant: datetime) -> dict[str, Decimal]:
        """By currency, of readings at or after ``instant`` (UTC), each in its currency."""
        table = equity_snapshots.c
        query = (
            select(table.currency, func.min(table.equity).label("lowest"))
            .where(table.account_id == self._account_id, table.read_at >= instant)
            .group_by(table.currency)
        )
        with reading(self._engine) as connection:
            return {row.currency: row.lowest for row in connection.execute(query)}
