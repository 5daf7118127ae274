"""Users on a real database, with a limiter that counts in memory."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

import pyotp
from cryptography.fernet import Fernet
from sqlalchemy import Engine, select

from trading_pipeline.adapters.access.jwt_tokens import JwtTokens
from trading_pipeline.adapters.access.totp_codes import TotpCodes
from trading_pipeline.adapters.stores.access.api_key_store import PostgresApiKeyStore
from trading_pipeline.adapters.stores.access.session_store import PostgresSessionStore
from trading_pipeline.adapters.stores.access.user_store import PostgresUserStore
from trading_pipeline.adapters.stores.operations.audit_trail import PostgresAuditTrail
from trading_pipeline.adapters.stores.postgres.access_tables import audit_trail
from trading_pipeline.domain.model.access import Role
from trading_pipeline.domain.model.errors import TooManyRequests
from trading_pipeline.domain.model.identity import TradingMode
from trading_pipeline.ports.credentials import AttemptLimiter, PasswordHasher
from trading_pipeline.services.access.access_context import AccessContext
from trading_pipeline.services.access.manage_users import Actor, Credentials, add_user
from trading_pipeline.services.access.sign_in import SignInAttempt, sign_in
from trading_pipeline.services.access.tokens import TokenPair

NOW = datetime(2025, 11, 3, 12, 0, tzinfo=UTC)
ACTOR = Actor("root", "r-0", NOW)
SECRET = "x" * 32
KEY = Fernet.generate_key().decode()
PASSWORD = "correct-horse-1"


class QuickPasswords(PasswordHasher):
    """Passwords as they are: what makes a hash slow is tested where it is made."""

    def hashed(self, password: str) -> str:
        """Marked."""
        return f"hash of {password}"

    def matches(self, password_hash: str, password: str) -> bool:
        """Compare."""
        return password_hash == self.hashed(password)


@dataclass
class CountedAttempts(AttemptLimiter):
    """Remembers how often each key was spent; the window never passes."""

    spent: dict[str, int] = field(default_factory=dict)

    def spend(self, key: str, most: int, per_s: int) -> None:
        """Count, and refuse beyond the most."""
        self.spent[key] = self.spent.get(key, 0) + 1
        if self.spent[key] > most:
            raise TooManyRequests(f"more than {most} in {per_s} s", per_s)


@dataclass
class AccessLab:
    """Everything around access, in a mode."""

    database: Engine
    mode: TradingMode = TradingMode.SIMULATED
    limiter: CountedAttempts = field(default_factory=CountedAttempts)

    @property
    def context(self) -> AccessContext:
        """As the API has it."""
        engine = self.database
        return AccessContext(
            mode=self.mode,
            users=PostgresUserStore(engine),
            sessions=PostgresSessionStore(engine),
            keys=PostgresApiKeyStore(engine),
            audit=PostgresAuditTrail(engine),
            passwords=QuickPasswords(),
            tokens=JwtTokens(SECRET),
            codes=TotpCodes([KEY]),
            limiter=self.limiter,
        )

    def add(self, name: str = "ann", role: Role = Role.TRADER) -> Credentials:
        """A user with ``PASSWORD``."""
        return add_user(access=self.context, name=name, role=role, actor=ACTOR, password=PASSWORD)

    def sign_in(self, name: str = "ann", password: str = PASSWORD, code: str = "", now: datetime = NOW) -> TokenPair:
        """Try it."""
        attempt = SignInAttempt(name, password, code, "127.0.0.1", "r-1")
        return sign_in(access=self.context, attempt=attempt, now=now)

    def audited(self) -> list[tuple[str, str, str, str]]:
        """Actor, action, outcome and detail of every record, in order."""
        table = audit_trail.c
        query = select(table.actor, table.action, table.outcome, table.detail).order_by(table.number)
        with self.database.connect() as connection:
            return [tuple(row) for row in connection.execute(query)]


def code_of(credentials: Credentials, now: datetime = NOW) -> str:
    """What the authenticator app of the user shows."""
    return shown_by(credentials.enrolment, now)


def shown_by(enrolment: str, now: datetime) -> str:
    """What an authenticator app shows that has read it."""
    app = pyotp.parse_uri(enrolment)
    assert isinstance(app, pyotp.TOTP)
    return app.at(now)
