"""One-time codes by the clock (RFC 6238), of secrets that the database holds sealed."""

import hmac
from collections.abc import Sequence
from datetime import datetime

import pyotp
from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.ports.credentials import OneTimeCodes

_ISSUER = "trading-pipeline"
_STEP_S = 30
_CLEAR = 32
"""Characters of a secret as it was kept before secrets were sealed; sealed ones have more than 100."""


class TotpCodes(OneTimeCodes):
    """SHA-1, six digits, 30 seconds: what every authenticator app knows. Secrets are sealed by Fernet."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Seal with the first key, open with any.

        :param keys: each 32 bytes in URL-safe base64.
        :raises ConfigurationError: one is none.
        """
        try:
            self._opening = [Fernet(key) for key in keys]
        except ValueError as error:
            raise ConfigurationError(
                "TRADING_TOTP_KEY is one key or several with commas between, each 32 random bytes in URL-safe base64: "
                "openssl rand -base64 32 | tr '+/' '-_'"
            ) from error
        self._seals = MultiFernet(self._opening)

    def new_secret(self) -> str:
        """160 bits."""
        return self._sealed(pyotp.random_base32())

    def resealed(self, secret: str) -> str:
        """Fernet's text says by which key it was made only to whoever tries."""
        if len(secret) == _CLEAR:
            return self._sealed(secret)
        try:
            self._opening[0].decrypt(secret)
        except InvalidToken:
            return self._sealed(self._opened(secret))
        return secret

    def step_of(self, secret: str, code: str, now: datetime) -> int | None:
        """The step before, this one or the next whose code it is."""
        digits, current = code.replace(" ", ""), int(now.timestamp()) // _STEP_S
        if not (digits.isascii() and digits.isdigit()):
            return None
        totp = pyotp.TOTP(self._opened(secret))
        # A phone's clock may be half a minute off, and a code takes a moment to type.
        matching = [step for step in (current - 1, current, current + 1) if _same(totp.generate_otp(step), digits)]
        # The newest, as a step is spent with all before it.
        return matching[-1] if matching else None

    def enrolment_uri(self, secret: str, name: str) -> str:
        """Key URI of authenticator apps."""
        return pyotp.TOTP(self._opened(secret)).provisioning_uri(name=name, issuer_name=_ISSUER)

    def _sealed(self, clear: str) -> str:
        return self._seals.encrypt(clear.encode()).decode()

    def _opened(self, secret: str) -> str:
        try:
            return self._seals.decrypt(secret).decode()
        except InvalidToken as error:
            raise ConfigurationError(
                "a second factor does not open with TRADING_TOTP_KEY; add the key it was sealed with after a comma, or "
                "`trading-pipeline users reset` gives a new one"
            ) from error


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one, other)
