"""Sessions and their refresh tokens."""

from abc import ABC, abstractmethod
from datetime import datetime

from trading_pipeline.domain.model.access import Rotation, User


class SessionStore(ABC):
    """A session is a family of refresh tokens, each good once; tokens are kept as hashes. Times are wall time, UTC."""

    @abstractmethod
    def open(self, session_id: str, user_id: str, token_hash: str, expires_at: datetime) -> None:
        """Begin a session with its first refresh token."""

    @abstractmethod
    def rotate(self, token_hash: str, new_hash: str, now: datetime, expires_at: datetime) -> Rotation:
        """Take a refresh token and put a new one in its place, in one transaction.

        A token that had been taken before ends its session.
        """

    @abstractmethod
    def end(self, session_id: str, now: datetime) -> None:
        """End one session; its access tokens are refused from the next request on."""

    @abstractmethod
    def end_all(self, user_id: str, now: datetime) -> None:
        """End every session of a user."""

    @abstractmethod
    def holder(self, session_id: str) -> User | None:
        """The user whose session it is, while it goes on and the user is active."""
