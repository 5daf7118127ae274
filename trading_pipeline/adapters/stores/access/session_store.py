"""Sessions in PostgreSQL."""

from datetime import datetime

from sqlalchemy import Engine, Update, bindparam, insert, select, update

from trading_pipeline.adapters.stores.access.user_store import USER_COLUMNS, user_of
from trading_pipeline.adapters.stores.postgres.access_tables import refresh_tokens, sessions, users
from trading_pipeline.adapters.stores.postgres.database import reading
from trading_pipeline.domain.model.access import Rotation, RotationOutcome, User
from trading_pipeline.ports.stores.access.session_store import SessionStore

_HOLDER = (
    select(*USER_COLUMNS)
    .join(sessions, sessions.c.user_id == users.c.user_id)
    .where(sessions.c.session_id == bindparam("session_id"), sessions.c.ended_at.is_(None), users.c.active)
)
"""Made once, as every request asks it."""


class PostgresSessionStore(SessionStore):
    """``trading.sessions`` and ``trading.refresh_tokens``."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def open(self, session_id: str, user_id: str, token_hash: str, expires_at: datetime) -> None:
        """Insert both rows."""
        with self._engine.begin() as connection:
            connection.execute(insert(sessions).values(session_id=session_id, user_id=user_id))
            connection.execute(
                insert(refresh_tokens).values(token_hash=token_hash, session_id=session_id, expires_at=expires_at)
            )

    def rotate(self, token_hash: str, new_hash: str, now: datetime, expires_at: datetime) -> Rotation:
        """Lock the token's row, so that of two who hand it in at once the second finds it used."""
        query = (
            select(refresh_tokens.c.used_at, refresh_tokens.c.expires_at, sessions)
            .join(sessions, sessions.c.session_id == refresh_tokens.c.session_id)
            .where(refresh_tokens.c.token_hash == token_hash)
            .with_for_update(of=refresh_tokens)
        )
        with self._engine.begin() as connection:
            row = connection.execute(query).first()
            if row is None:
                return Rotation(RotationOutcome.UNKNOWN)
            # Before its age: a token in two hands is that also when the second comes late.
            if row.used_at is not None:
                connection.execute(_ending(now).where(sessions.c.session_id == row.session_id))
                return Rotation(RotationOutcome.REUSED, row.session_id, row.user_id)
            if row.expires_at <= now or row.ended_at is not None:
                return Rotation(RotationOutcome.OVER, row.session_id, row.user_id)
            used = update(refresh_tokens).where(refresh_tokens.c.token_hash == token_hash).values(used_at=now)
            connection.execute(used)
            connection.execute(
                insert(refresh_tokens).values(token_hash=new_hash, session_id=row.session_id, expires_at=expires_at)
            )
            return Rotation(RotationOutcome.ROTATED, row.session_id, row.user_id)

    def end(self, session_id: str, now: datetime) -> None:
        """Update."""
        with self._engine.begin() as connection:
            connection.execute(_ending(now).where(sessions.c.session_id == session_id))

    def end_all(self, user_id: str, now: datetime) -> None:
        """Update."""
        with self._engine.begin() as connection:
            connection.execute(_ending(now).where(sessions.c.user_id == user_id))

    def holder(self, session_id: str) -> User | None:
        """One query, because every request asks it."""
        with reading(self._engine) as connection:
            row = connection.execute(_HOLDER, {"session_id": session_id}).first()
        return None if row is None else user_of(row)


def _ending(now: datetime) -> Update:
    """One that is over stays over since when it was."""
    return update(sessions).where(sessions.c.ended_at.is_(None)).values(ended_at=now)
