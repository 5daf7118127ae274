"""Which account an API key belongs to."""

from abc import ABC, abstractmethod

from trading_pipeline.domain.model.identity import AccountId


class AccountRegister(ABC):
    """Keys by fingerprint, so that the venue is asked once for each, and none ever changes its account."""

    @abstractmethod
    def of_key(self, key_fingerprint: str) -> AccountId | None:
        """The account that the key was registered with; ``None`` when it never was."""

    @abstractmethod
    def register(self, account_id: AccountId, key_fingerprint: str) -> None:
        """Remember whose key it is; what was stored before there were accounts becomes the first one's.

        :raises ConfigurationError: the key is registered with another account.
        """
