"""Signs of life that other processes look at."""

from abc import ABC, abstractmethod


class HeartbeatStore(ABC):
    """The latest sign of life per component."""

    @abstractmethod
    def beat(self, component: str, detail: str) -> None:
        """Replace the component's sign of life; its time is the database's wall time.

        :param detail: its condition in a few words.
        """
