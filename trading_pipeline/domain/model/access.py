"""Who may ask the system for what."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

ACCESS_LIFE = timedelta(minutes=15)
"""Of an access token."""
REFRESH_LIFE = timedelta(days=7)
"""Of a refresh token, which is good once."""
LOCK_AFTER = 5
"""Failures to sign in, one after the other, that lock a user."""
LOCKED_FOR = timedelta(minutes=15)


class Permission(StrEnum):
    """What a request needs: to look, to stop and close, or to administer users, keys and the kill switch."""

    READ = "read"
    TRADE = "trade"
    ADMINISTER = "administer"


class Role(StrEnum):
    """Each may what the one before may, and more."""

    VIEWER = "viewer"
    TRADER = "trader"
    ADMIN = "admin"

    @property
    def permissions(self) -> frozenset[Permission]:
        """What the role may."""
        return frozenset(list(Permission)[: list(Role).index(self) + 1])

    @property
    def needs_second_factor(self) -> bool:
        """Whether a password alone is not enough where money is not simulated."""
        return self is not Role.VIEWER


@dataclass(frozen=True, slots=True)
class User:
    """A person or a program that may sign in.

    :param name: unique, in lower case.
    :param password_hash: with its salt and parameters, as the hasher wrote it.
    :param totp_secret: sealed, empty where no second factor is set up.
    :param locked_until: wall time in UTC; until then nobody signs in under the name.
    """

    user_id: str
    name: str
    role: Role
    password_hash: str
    totp_secret: str
    active: bool
    locked_until: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class OfferedFactor:
    """A second factor that is being set up.

    :param secret: sealed.
    :param at: when it was begun, wall time in UTC.
    """

    secret: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever asks, once it is known who that is.

    :param permissions: those of the role, or fewer where a key has less scope.
    :param session_id: empty where a key is the credential.
    :param csrf: what a write by cookie has to repeat in a header; empty for a key.
    """

    user_id: str
    name: str
    role: Role
    permissions: frozenset[Permission]
    session_id: str = ""
    csrf: str = ""


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """What an access token says."""

    user_id: str
    session_id: str
    csrf: str


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A long-lived credential of a user; the secret itself is nowhere.

    :param secret_hash: SHA-256 in hex, which is enough for 256 random bits.
    :param scopes: what the key may at most; less where its user may less.
    :param expires_at: wall time in UTC.
    """

    key_id: str
    user_id: str
    label: str
    secret_hash: str
    scopes: frozenset[Permission]
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None


class RotationOutcome(StrEnum):
    """What became of a refresh token that was handed in.

    ``REUSED``: it had been handed in before, so that two hold it; its whole session is over.
    """

    ROTATED = "rotated"
    REUSED = "reused"
    UNKNOWN = "unknown"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Rotation:
    """The outcome, and whose session it is; both empty where the token is unknown."""

    outcome: RotationOutcome
    session_id: str = ""
    user_id: str = ""
