"""Tables of access: users, sessions, keys, and the audit trail."""

from sqlalchemy import ARRAY, BigInteger, Boolean, Column, DateTime, ForeignKey, Index, Table, Text, func
from sqlalchemy.dialects.postgresql import JSONB

from trading_pipeline.adapters.stores.postgres.columns import instant
from trading_pipeline.adapters.stores.postgres.tables import metadata


def _user_id() -> Column[object]:
    return Column("user_id", Text, ForeignKey("trading.users.user_id"), nullable=False)


users = Table(
    "users",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("role", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("totp_secret", Text, nullable=False),
    Column("totp_step", BigInteger, nullable=False, server_default="0"),
    Column("offered_secret", Text, nullable=False, server_default=""),
    instant("offered_at", nullable=True),
    Column("active", Boolean, nullable=False),
    Column("failures", BigInteger, nullable=False, server_default="0"),
    instant("locked_until", nullable=True),
    instant("created_at"),
)
"""Secrets are sealed. ``totp_step``: the newest time step whose code was used; ``offered_secret``: of a second factor
that is being set up; ``failures``: to sign in, since the last success."""

sessions = Table(
    "sessions",
    metadata,
    Column("session_id", Text, primary_key=True),
    _user_id(),
    Column("opened_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    instant("ended_at", nullable=True),
    Index("sessions_by_user", "user_id"),
)

refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    # The hash alone: whoever reads the table can sign in as nobody.
    Column("token_hash", Text, primary_key=True),
    Column("session_id", Text, ForeignKey(sessions.c.session_id), nullable=False),
    instant("expires_at"),
    instant("used_at", nullable=True),
    Index("refresh_tokens_by_session", "session_id"),
)
"""Each is good once; ``used_at`` stays, so that a second use is known for what it is."""

api_keys = Table(
    "api_keys",
    metadata,
    Column("key_id", Text, primary_key=True),
    _user_id(),
    Column("label", Text, nullable=False),
    Column("secret_hash", Text, nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    instant("created_at"),
    instant("expires_at"),
    instant("revoked_at", nullable=True),
)

audit_trail = Table(
    "audit_trail",
    metadata,
    # Counted under the chain's lock: a sequence would leave a gap where a transaction is rolled back.
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    instant("written_at"),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("before", JSONB, nullable=False),
    Column("after", JSONB, nullable=False),
    Column("digest", Text, nullable=False),
    Index("audit_trail_by_request", "request_id"),
)
"""Append-only, which triggers enforce. ``digest`` is of the row and of the digest before it, so that a change made
around the triggers shows; ``number`` has no gap."""
