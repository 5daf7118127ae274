"""One-time codes by the clock (RFC 6238)."""

import hmac
from datetime import datetime

import pyotp

from trading_pipeline.ports.credentials import OneTimeCodes

_ISSUER = "trading-pipeline"
_STEP_S = 30


class TotpCodes(OneTimeCodes):
    """SHA-1, six digits, 30 seconds: what every authenticator app knows."""

    def new_secret(self) -> str:
        """160 bits."""
        return pyotp.random_base32()

    def step_of(self, secret: str, code: str, now: datetime) -> int | None:
        """The step before, this one or the next whose code it is."""
        digits, totp, current = code.replace(" ", ""), pyotp.TOTP(secret), int(now.timestamp()) // _STEP_S
        if not (digits.isascii() and digits.isdigit()):
            return None
        # A phone's clock may be half a minute off, and a code takes a moment to type.
        matching = [step for step in (current - 1, current, current + 1) if _same(totp.generate_otp(step), digits)]
        # The newest, as a step is spent with all before it.
        return matching[-1] if matching else None

    def enrolment_uri(self, secret: str, name: str) -> str:
        """Key URI of authenticator apps."""
        return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=_ISSUER)


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one, other)
