"""What proves who somebody is."""

from abc import ABC, abstractmethod
from datetime import datetime

from trading_pipeline.domain.model.access import AccessClaims


class PasswordHasher(ABC):
    """Hashes that are slow on purpose."""

    @abstractmethod
    def hashed(self, password: str) -> str:
        """A hash with a salt of its own, as text that names its parameters."""

    @abstractmethod
    def matches(self, password_hash: str, password: str) -> bool:
        """Whether it is the password; takes as long for an empty hash, which no password matches."""


class TokenSigner(ABC):
    """Access tokens: short-lived, signed, read without a database."""

    @abstractmethod
    def signed(self, claims: AccessClaims, now: datetime) -> str:
        """A token that says so until its life is over."""

    @abstractmethod
    def read(self, token: str, now: datetime) -> AccessClaims:
        """What a token says.

        :raises NotSignedIn: it is none of ours, was changed, or is over.
        """


class OneTimeCodes(ABC):
    """Time-based one-time codes (RFC 6238): six digits, 30 s, one step of tolerance on either side.

    Secrets come and go sealed: whoever keeps them cannot read them. A secret that does not open is a
    ``ConfigurationError``: another key sealed it.
    """

    @abstractmethod
    def new_secret(self) -> str:
        """A random one, sealed."""

    @abstractmethod
    def resealed(self, secret: str) -> str:
        """One that is in the clear, or sealed by an older key, sealed by the newest; else itself."""

    @abstractmethod
    def step_of(self, secret: str, code: str, now: datetime) -> int | None:
        """The time step that the code belongs to, ``None`` where it is no code of now."""

    @abstractmethod
    def enrolment_uri(self, secret: str, name: str) -> str:
        """What an authenticator app reads, ``otpauth://totp/…``."""


class AttemptLimiter(ABC):
    """Counts by key over all processes; sliding windows."""

    @abstractmethod
    def spend(self, key: str, most: int, per_s: int) -> None:
        """Count one more.

        :raises TooManyRequests: there were ``most`` within the last ``per_s`` seconds.
        :raises ServerAway: nobody can count.
        """


class Tickets(ABC):
    """One-time passes: short-lived, one use. For connections that can carry no header, and for links that sign in."""

    @abstractmethod
    def issue(self, stands_for: str) -> str:
        """A pass that stands for an access token, a key or a name.

        :raises ServerAway: it cannot be kept.
        """

    @abstractmethod
    def redeem(self, ticket: str) -> str:
        """What it stands for; the pass is used up.

        :raises NotSignedIn: there is none, it was used, or is over.
        :raises ServerAway: it cannot be looked up.
        """
