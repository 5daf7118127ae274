"""Credentials for programs."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from trading_pipeline.domain.model.access import ApiKey, Permission, Principal, User
from trading_pipeline.domain.model.audit import AuditEntry
from trading_pipeline.domain.model.errors import ConfigurationError, NotSignedIn, UnknownName
from trading_pipeline.services.access.access_context import AccessContext
from trading_pipeline.services.access.tokens import hash_of

KEY_PREFIX = "tpk_"
"""Begins every key, so that one that leaked is recognised."""
LONGEST_LIFE = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A new key; ``secret`` is told once and kept nowhere."""

    key: ApiKey
    secret: str = field(repr=False)


def parts_of(credential: str) -> tuple[str, str]:
    """Id and secret of a key as it is written, ``tpk_<id>_<secret>``.

    :raises NotSignedIn: it is not written so.
    """
    key_id, _, secret = credential.removeprefix(KEY_PREFIX).partition("_")
    if not key_id or not secret:
        raise NotSignedIn("no such API key")
    return key_id, secret


def issue_key(
    *,
    access: AccessContext,
    user: User,
    label: str,
    scopes: Collection[Permission],
    life: timedelta,
    actor: str,
    request_id: str,
    now: datetime,
) -> IssuedKey:
    """Make a key for a user.

    :param life: how long it is good; at most a year.
    :raises ConfigurationError: a scope that the user does not have, none at all, or a life out of range.
    """
    excess = sorted(set(scopes) - user.role.permissions)
    if excess or not scopes:
        raise ConfigurationError(
            f"a key of {user.name}, a {user.role}, has one or more of {', '.join(sorted(user.role.permissions))}, "
            f"not {', '.join(excess) or 'none'}"
        )
    if not timedelta(0) < life <= LONGEST_LIFE:
        raise ConfigurationError(f"a key is good for up to {LONGEST_LIFE.days} days, not {life}")
    # Hex: an underscore parts id and secret.
    key_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    key = ApiKey(key_id, user.user_id, label, hash_of(secret), frozenset(scopes), now, now + life)
    access.keys.add(key)
    granted = {"label": label, "scopes": sorted(scopes), "expires_at": key.expires_at.isoformat()}
    access.audit.append(AuditEntry(actor, "api_key.add", f"{user.name}/{key_id}", "done", request_id, after=granted))
    return IssuedKey(key, f"{KEY_PREFIX}{key_id}_{secret}")


def revoke_key(*, access: AccessContext, key_id: str, principal: Principal, request_id: str, now: datetime) -> None:
    """Take a key out of use.

    :raises UnknownName: there is none of that id in use.
    """
    if not access.keys.revoke(key_id, now):
        raise UnknownName(f"no API key {key_id!r} is in use")
    access.audit.append(AuditEntry(principal.name, "api_key.revoke", key_id, "done", request_id))
