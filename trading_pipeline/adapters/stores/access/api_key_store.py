"""API keys in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Engine, Row, insert, select, update

from trading_pipeline.adapters.stores.access.user_store import USER_COLUMNS, user_of
from trading_pipeline.adapters.stores.postgres.access_tables import api_keys, users
from trading_pipeline.adapters.stores.postgres.database import reading
from trading_pipeline.domain.model.access import ApiKey, Permission, User
from trading_pipeline.ports.stores.access.api_key_store import ApiKeyStore

_KEY = [column.label(f"key_{column.name}") for column in api_keys.c]
"""Labelled, because a user has some of these names, too."""


class PostgresApiKeyStore(ApiKeyStore):
    """``trading.api_keys``."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, key: ApiKey) -> None:
        """Insert."""
        row = {column.name: getattr(key, column.name) for column in api_keys.c} | {"scopes": sorted(key.scopes)}
        with self._engine.begin() as connection:
            connection.execute(insert(api_keys).values(row))

    def with_holder(self, key_id: str) -> tuple[ApiKey, User] | None:
        """One query, because every request with a key asks it."""
        query = (
            select(*_KEY, *USER_COLUMNS)
            .join(users, users.c.user_id == api_keys.c.user_id)
            .where(api_keys.c.key_id == key_id)
        )
        with reading(self._engine) as connection:
            row = connection.execute(query).first()
        return None if row is None else (_key_of(row), user_of(row))

    def keys(self) -> Sequence[ApiKey]:
        """Select all."""
        with reading(self._engine) as connection:
            query = select(*_KEY).order_by(api_keys.c.created_at.desc(), api_keys.c.key_id)
            return [_key_of(row) for row in connection.execute(query)]

    def revoke(self, key_id: str, now: datetime) -> bool:
        """Update one that is in use."""
        in_use = (api_keys.c.key_id == key_id, api_keys.c.revoked_at.is_(None))
        with self._engine.begin() as connection:
            return connection.execute(update(api_keys).where(*in_use).values(revoked_at=now)).rowcount == 1


def _key_of(row: Row[tuple[object, ...]]) -> ApiKey:
    values = {column.name: getattr(row, f"key_{column.name}") for column in api_keys.c}
    return ApiKey(**{**values, "scopes": frozenset(Permission(scope) for scope in values["scopes"])})
