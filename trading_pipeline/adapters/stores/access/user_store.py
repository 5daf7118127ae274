"""Users in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Engine, Row, case, select, update
from sqlalchemy.dialects.postgresql import insert

from trading_pipeline.adapters.stores.postgres.access_tables import users
from trading_pipeline.adapters.stores.postgres.database import reading
from trading_pipeline.domain.model.access import OfferedFactor, Role, User
from trading_pipeline.ports.stores.access.user_store import UserStore

_SHOWN = ("user_id", "name", "role", "password_hash", "totp_secret", "active", "locked_until", "created_at")
_NONE_OFFERED: dict[str, object] = {"offered_secret": "", "offered_at": None}
USER_COLUMNS = tuple(users.c[name] for name in _SHOWN)
"""What a ``User`` is made of, in its order."""


class PostgresUserStore(UserStore):
    """``trading.users``, a statement a method."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, user: User) -> bool:
        """Insert unless the name is taken."""
        row = {name: getattr(user, name) for name in _SHOWN}
        statement = insert(users).values(row).on_conflict_do_nothing(index_elements=["name"]).returning(users.c.user_id)
        with self._engine.begin() as connection:
            return connection.execute(statement).first() is not None

    def named(self, name: str) -> User | None:
        """Select by name."""
        return next(iter(self._select(users.c.name == name)), None)

    def users(self) -> Sequence[User]:
        """Select all."""
        return self._select()

    def change_role(self, user_id: str, role: Role) -> None:
        """Update."""
        self._update(user_id, role=role.value)

    def set_active(self, user_id: str, *, active: bool) -> None:
        """Update."""
        self._update(user_id, active=active)

    def set_credentials(self, user_id: str, password_hash: str, totp_secret: str) -> None:
        """Update; a new secret has used no step yet."""
        fresh = {"failures": 0, "locked_until": None, "totp_step": 0, **_NONE_OFFERED}
        self._update(user_id, password_hash=password_hash, totp_secret=totp_secret, **fresh)

    def offer_factor(self, user_id: str, secret: str, now: datetime) -> None:
        """Update."""
        self._update(user_id, offered_secret=secret, offered_at=now)

    def offered_factor(self, user_id: str) -> OfferedFactor | None:
        """Select by id."""
        query = select(users.c.offered_secret, users.c.offered_at).where(
            users.c.user_id == user_id, users.c.offered_at.is_not(None)
        )
        with reading(self._engine) as connection:
            row = connection.execute(query).first()
        return None if row is None else OfferedFactor(row.offered_secret, row.offered_at)

    def take_factor(self, user_id: str, secret: str, step: int) -> None:
        """Update."""
        self._update(user_id, totp_secret=secret, totp_step=step, **_NONE_OFFERED)

    def replace_secret(self, user_id: str, secret: str, other: str) -> bool:
        """Compare and set in one statement."""
        same = (users.c.user_id == user_id, users.c.totp_secret == secret)
        with self._engine.begin() as connection:
            return connection.execute(update(users).where(*same).values(totp_secret=other)).rowcount == 1

    def note_failure(self, user_id: str, lock_after: int, locked_until: datetime) -> None:
        """Add one in the database, so that two attempts at once count twice."""
        full = users.c.failures + 1 >= lock_after
        self._update(
            user_id,
            # From 0 again with the lock, or the first slip after it would lock at once.
            failures=case((full, 0), else_=users.c.failures + 1),
            locked_until=case((full, locked_until), else_=users.c.locked_until),
        )

    def note_success(self, user_id: str) -> None:
        """Reset the count."""
        self._update(user_id, failures=0, locked_until=None)

    def use_step(self, user_id: str, step: int) -> bool:
        """Move the step on where it is newer, in one statement: of two uses at once one succeeds."""
        newer = update(users).where(users.c.user_id == user_id, users.c.totp_step < step).values(totp_step=step)
        with self._engine.begin() as connection:
            return connection.execute(newer).rowcount == 1

    def _select(self, *conditions: ColumnElement[bool]) -> list[User]:
        with reading(self._engine) as connection:
            query = select(*USER_COLUMNS).where(*conditions).order_by(users.c.name)
            return [user_of(row) for row in connection.execute(query)]

    def _update(self, user_id: str, **values: object) -> None:
        with self._engine.begin() as connection:
            connection.execute(update(users).where(users.c.user_id == user_id).values(**values))


def user_of(row: Row[tuple[object, ...]]) -> User:
    """A user out of a row that has ``USER_COLUMNS``."""
    values = {name: getattr(row, name) for name in _SHOWN}
    return User(**{**values, "role": Role(values["role"])})
