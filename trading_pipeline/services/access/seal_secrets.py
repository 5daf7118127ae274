"""Secrets that were kept in the clear, or sealed by an older key, are sealed by the newest."""

from trading_pipeline.ports.credentials import OneTimeCodes
from trading_pipeline.ports.stores.access.user_store import UserStore


def seal_secrets(*, users: UserStore, codes: OneTimeCodes) -> int:
    """Seal each that is not; how many were. Whoever changes theirs meanwhile keeps what they changed it to.

    :raises ConfigurationError: one does not open with any key.
    """
    kept = {user.user_id: user.totp_secret for user in users.users() if user.totp_secret}
    sealed = {user_id: codes.resealed(secret) for user_id, secret in kept.items()}
    return sum(
        users.replace_secret(user_id, kept[user_id], secret)
        for user_id, secret in sealed.items()
        if secret != kept[user_id]
    )
