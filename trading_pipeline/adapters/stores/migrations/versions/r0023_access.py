"""Who may sign in, who did what: users, sessions, keys and a chained audit trail that nobody rewrites."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0023"
down_revision = "0022"

_APPEND_ONLY = (
    """
    CREATE TRIGGER audit_trail_append_only BEFORE UPDATE OR DELETE ON trading.audit_trail
    FOR EACH ROW EXECUTE FUNCTION trading.refuse_change()
    """,
    """
    CREATE TRIGGER audit_trail_not_emptied BEFORE TRUNCATE ON trading.audit_trail
    FOR EACH STATEMENT EXECUTE FUNCTION trading.refuse_change()
    """,
)


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _instant(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _key(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), primary_key=True)


def _of(table: str, column: str) -> sa.Column[str]:
    return sa.Column(column, sa.Text(), sa.ForeignKey(f"trading.{table}.{column}"), nullable=False)


def _count(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False, server_default="0")


def upgrade() -> None:
    """Add the tables; nobody may sign in until somebody is added."""
    op.create_table(
        "users",
        _key("user_id"),
        sa.Column("name", sa.Text(), nullable=False, unique=True),
        *_texts("role", "password_hash", "totp_secret"),
        _count("totp_step"),
        sa.Column("active", sa.Boolean(), nullable=False),
        _count("failures"),
        _instant("locked_until", nullable=True),
        _instant("created_at"),
        schema="trading",
    )
    op.create_table(
        "sessions",
        _key("session_id"),
        _of("users", "user_id"),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.clock_timestamp()),
        _instant("ended_at", nullable=True),
        schema="trading",
    )
    op.create_table(
        "refresh_tokens",
        _key("token_hash"),
        _of("sessions", "session_id"),
        _instant("expires_at"),
        _instant("used_at", nullable=True),
        schema="trading",
    )
    op.create_table(
        "api_keys",
        _key("key_id"),
        _of("users", "user_id"),
        *_texts("label", "secret_hash"),
        sa.Column("scopes", sa.ARRAY(sa.Text()), nullable=False),
        _instant("created_at"),
        _instant("expires_at"),
        _instant("revoked_at", nullable=True),
        schema="trading",
    )
    op.create_table(
        "audit_trail",
        sa.Column("number", sa.BigInteger(), primary_key=True, autoincrement=False),
        _instant("written_at"),
        *_texts("actor", "action", "subject", "outcome", "request_id", "detail"),
        sa.Column("before", JSONB(), nullable=False),
        sa.Column("after", JSONB(), nullable=False),
        *_texts("digest"),
        schema="trading",
    )
    op.create_index("sessions_by_user", "sessions", ["user_id"], schema="trading")
    op.create_index("refresh_tokens_by_session", "refresh_tokens", ["session_id"], schema="trading")
    op.create_index("audit_trail_by_request", "audit_trail", ["request_id"], schema="trading")
    for statement in _APPEND_ONLY:
        op.execute(statement)


def downgrade() -> None:
    """Drop them; users and the audit trail are lost."""
    for table in ("audit_trail", "api_keys", "refresh_tokens", "sessions", "users"):
        op.drop_table(table, schema="trading")
