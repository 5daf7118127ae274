"""What every use case about access works with."""

from dataclasses import dataclass

from trading_pipeline.domain.model.access import Role, User
from trading_pipeline.domain.model.identity import TradingMode
from trading_pipeline.ports.credentials import AttemptLimiter, OneTimeCodes, PasswordHasher, TokenSigner
from trading_pipeline.ports.stores.access.api_key_store import ApiKeyStore
from trading_pipeline.ports.stores.access.session_store import SessionStore
from trading_pipeline.ports.stores.access.user_store import UserStore
from trading_pipeline.ports.stores.operations.audit_trail import AuditTrail


@dataclass(frozen=True, slots=True)
class AccessContext:
    """Stores and proofs.

    :param mode: where it is not simulated, traders and admins need a second factor.
    """

    mode: TradingMode
    users: UserStore
    sessions: SessionStore
    keys: ApiKeyStore
    audit: AuditTrail
    passwords: PasswordHasher
    tokens: TokenSigner
    codes: OneTimeCodes
    limiter: AttemptLimiter

    def needs_second_factor(self, role: Role) -> bool:
        """Whether a user of the role has to have one here."""
        return self.mode is not TradingMode.SIMULATED and role.needs_second_factor

    def asks_for_code(self, user: User) -> bool:
        """Whether the user is asked for a code: where one is set up, always."""
        return bool(user.totp_secret) or self.needs_second_factor(user.role)
