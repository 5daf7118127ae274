"""API keys as they are kept: by the hash of their secret."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime

from trading_pipeline.domain.model.access import ApiKey, User


class ApiKeyStore(ABC):
    """Keys of users; one that was revoked stays on record."""

    @abstractmethod
    def add(self, key: ApiKey) -> None:
        """Keep a new key."""

    @abstractmethod
    def with_holder(self, key_id: str) -> tuple[ApiKey, User] | None:
        """The key and its user, whatever their state."""

    @abstractmethod
    def keys(self) -> Sequence[ApiKey]:
        """Every key, newest first."""

    @abstractmethod
    def revoke(self, key_id: str, now: datetime) -> bool:
        """Take a key out of use; whether there was one in use."""
