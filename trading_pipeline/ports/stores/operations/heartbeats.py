"""Signs of life that other processes look at."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from trading_pipeline.domain.model.heartbeats import Heartbeat


class HeartbeatStore(ABC):
    """The latest sign of life per component."""

    @abstractmethod
    def beat(self, component: str, detail: str) -> None:
        """Replace the component's sign of life; its time is the database's wall time.

        :param detail: its condition in a few words.
        """

    @abstractmethod
    def beats(self) -> Sequence[Heartbeat]:
        """The latest of each component, by name; ages by the database's wall time."""
