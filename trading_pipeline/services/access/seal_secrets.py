"""Secrets that were kept in the clear, or sealed by an older key, are sealed by the newest."""

from dataclasses import dataclass

from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.ports.credentials import OneTimeCodes
from trading_pipeline.ports.stores.access.user_store import UserStore


@dataclass(frozen=True, slots=True)
class Sealing:
    """What became of everybody's secret.

    :param sealed: how many are sealed by the newest key now, and were not.
    :param lost: names of users whose secret opens with no key; they sign in once they are reset.
    """

    sealed: int
    lost: tuple[str, ...]


def seal_secrets(*, users: UserStore, codes: OneTimeCodes) -> Sealing:
    """Seal each that is not; whoever changes theirs meanwhile keeps what they changed it to."""
    sealed, lost = 0, []
    for user in users.users():
        if not user.totp_secret:
            continue
        # A key that is gone must not keep a system from starting: it has to run for people to be reset.
        try:
            secret = codes.resealed(user.totp_secret)
        except ConfigurationError:
            lost.append(user.name)
            continue
        if secret != user.totp_secret:
            sealed += users.replace_secret(user.user_id, user.totp_secret, secret)
    return Sealing(sealed, tuple(lost))
