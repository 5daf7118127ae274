"""Accounts and their keys in PostgreSQL."""

from sqlalchemy import Connection, Engine, select, update
from sqlalchemy.dialects.postgresql import insert

from trading_pipeline.adapters.stores.postgres.database import reading
from trading_pipeline.adapters.stores.postgres.tables import (
    account_keys,
    equity_snapshots,
    fills,
    order_intents,
    positions,
    reconciliation_log,
)
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.identity import AccountId
from trading_pipeline.ports.stores.execution.account_register import AccountRegister

UNREGISTERED = "unregistered"
"""What the migration calls the one account that a database served before accounts had names."""

_OWNED = (order_intents, fills, positions, equity_snapshots, reconciliation_log)


class PostgresAccountRegister(AccountRegister):
    """``account_keys``."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of_key(self, key_fingerprint: str) -> AccountId | None:
        """One row."""
        with reading(self._engine) as connection:
            return _account_of(connection, key_fingerprint)

    def register(self, account_id: AccountId, key_fingerprint: str) -> None:
        """Insert unless it is there, and name the rows that have no account yet."""
        row = {"key_fingerprint": key_fingerprint, "account_id": account_id}
        with self._engine.begin() as connection:
            connection.execute(insert(account_keys).values(**row).on_conflict_do_nothing())
            # Read back, because the row that was there may be of another account.
            registered = _account_of(connection, key_fingerprint)
            if registered != account_id:
                raise ConfigurationError(
                    f"the API key belongs to {account_id}, but was registered with {registered}; every account needs a "
                    "key of its own"
                )
            # In the same transaction: a half of the rows with a name and a half without would be two accounts.
            for table in _OWNED:
                nameless = table.c.account_id == UNREGISTERED
                connection.execute(update(table).where(nameless).values(account_id=account_id))


def _account_of(connection: Connection, key_fingerprint: str) -> AccountId | None:
    query = select(account_keys.c.account_id).where(account_keys.c.key_fingerprint == key_fingerprint)
    found: str | None = connection.execute(query).scalar()
    return None if found is None else AccountId(found)
