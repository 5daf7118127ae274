"""Who may what, built from settings for the API and for the command line."""

from sqlalchemy import Engine

from trading_pipeline.adapters.access.argon2_passwords import Argon2Passwords
from trading_pipeline.adapters.access.jwt_tokens import JwtTokens
from trading_pipeline.adapters.access.redis_limits import RedisLimits
from trading_pipeline.adapters.access.redis_tickets import LINK_LIFE_S, RedisTickets
from trading_pipeline.adapters.access.totp_codes import TotpCodes
from trading_pipeline.adapters.access.totp_keys import totp_keys
from trading_pipeline.adapters.stores.access.api_key_store import PostgresApiKeyStore
from trading_pipeline.adapters.stores.access.session_store import PostgresSessionStore
from trading_pipeline.adapters.stores.access.user_store import PostgresUserStore
from trading_pipeline.adapters.stores.operations.audit_trail import PostgresAuditTrail
from trading_pipeline.ports.credentials import Tickets
from trading_pipeline.services.access.access_context import AccessContext
from trading_pipeline.services.access.seal_secrets import Sealing, seal_secrets
from trading_pipeline.settings import Settings


def build_tickets(settings: Settings) -> Tickets:
    """One-time passes for connections that can carry no header, each good for thirty seconds."""
    return RedisTickets(settings.redis_url)


def build_links(settings: Settings) -> Tickets:
    """One-time links that sign in, each good for ten minutes."""
    return RedisTickets(settings.redis_url, "link", LINK_LIFE_S)


def seal_old_secrets(engine: Engine, settings: Settings) -> Sealing:
    """Seal secrets that stand in the clear, or by an older key.

    :raises ConfigurationError: there is no key, and the mode needs one.
    """
    users = PostgresUserStore(engine)
    # Where nobody has a second factor there is nothing to seal, and no key is needed.
    if not any(user.totp_secret for user in users.users()):
        return Sealing(0, ())
    return seal_secrets(users=users, codes=TotpCodes(totp_keys(settings)))


def build_access(engine: Engine, settings: Settings, secret: str) -> AccessContext:
    """Connect nothing yet.

    :param secret: signs access tokens.
    :raises ConfigurationError: it is too short, or there is no key for second factors and the mode needs one.
    """
    return AccessContext(
        mode=settings.mode,
        users=PostgresUserStore(engine),
        sessions=PostgresSessionStore(engine),
        keys=PostgresApiKeyStore(engine),
        audit=PostgresAuditTrail(engine),
        passwords=Argon2Passwords(),
        tokens=JwtTokens(secret),
        codes=TotpCodes(totp_keys(settings)),
        limiter=RedisLimits(settings.redis_url),
    )
