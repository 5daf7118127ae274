"""Passwords by Argon2id (RFC 9106)."""

from argon2 import PasswordHasher as Argon2
from argon2.exceptions import InvalidHashError, VerificationError

from trading_pipeline.ports.credentials import PasswordHasher


class Argon2Passwords(PasswordHasher):
    """The library's defaults, which are RFC 9106's for little memory: 64 MiB, three passes."""

    def __init__(self) -> None:
        self._argon2 = Argon2()
        # With the same cost as a real one, so that an unknown name takes as long to refuse.
        self._nobodys = self._argon2.hash("")

    def hashed(self, password: str) -> str:
        """``$argon2id$…``."""
        return self._argon2.hash(password)

    def matches(self, password_hash: str, password: str) -> bool:
        """Verify; against a hash of nobody's where there is none."""
        try:
            self._argon2.verify(password_hash or self._nobodys, password)
        except (VerificationError, InvalidHashError):
            return False
        return bool(password_hash)
