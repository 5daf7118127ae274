"""Users as they are kept."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime

from trading_pipeline.domain.model.access import OfferedFactor, Role, User


class UserStore(ABC):
    """One user for each name."""

    @abstractmethod
    def add(self, user: User) -> bool:
        """Keep a new user; whether the name was free."""

    @abstractmethod
    def named(self, name: str) -> User | None:
        """The user of that name."""

    @abstractmethod
    def users(self) -> Sequence[User]:
        """Everybody, by name."""

    @abstractmethod
    def change_role(self, user_id: str, role: Role) -> None:
        """Give another role, from the next request on."""

    @abstractmethod
    def set_active(self, user_id: str, *, active: bool) -> None:
        """Let the user in, or not any more."""

    @abstractmethod
    def set_credentials(self, user_id: str, password_hash: str, totp_secret: str) -> None:
        """Replace password and second factor, and lift a lock."""

    @abstractmethod
    def offer_factor(self, user_id: str, secret: str, now: datetime) -> None:
        """Keep a second factor that is being set up, in place of one before."""

    @abstractmethod
    def offered_factor(self, user_id: str) -> OfferedFactor | None:
        """The one that is being set up."""

    @abstractmethod
    def take_factor(self, user_id: str, secret: str, step: int) -> None:
        """Put a second factor into use, or with an empty secret none; nothing is being set up any more.

        :param step: whose code was used last.
        """

    @abstractmethod
    def replace_secret(self, user_id: str, secret: str, other: str) -> bool:
        """Keep a secret in another form; whether it was still the one."""

    @abstractmethod
    def note_failure(self, user_id: str, lock_after: int, locked_until: datetime) -> None:
        """Count a failure to sign in; the ``lock_after``-th in a row locks the user and begins the count anew."""

    @abstractmethod
    def note_success(self, user_id: str) -> None:
        """Forget the failures."""

    @abstractmethod
    def use_step(self, user_id: str, step: int) -> bool:
        """Take a step of the one-time code as used; whether it is newer than every one used before."""
