"""The shape of a rule."""

from abc import ABC, abstractmethod
from typing import ClassVar

from trading_pipeline.domain.risk.entry import EntryQuestion


class EntryRule(ABC):
    """One reason not to enter. Missing information is a reason."""

    name: ClassVar[str]

    @abstractmethod
    def objection(self, question: EntryQuestion) -> str | None:
        """Why not, as a sentence an operator can read on a phone; ``None`` when there is nothing against it."""
