"""The history of differences between venue and ledger."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime

from trading_pipeline.domain.risk.differences import Difference, DifferenceKey


class ReconciliationLog(ABC):
    """One row for each difference of an account, from when it is first seen until it is gone."""

    @abstractmethod
    def keep(self, differences: Sequence[Difference], run_id: str, at: datetime) -> tuple[Difference, ...]:
        """Remember the result of one whole comparison: what is new, what still stands, what is gone.

        Of a comparison that could not be made nothing is kept, so that silence ends no difference.

        :param differences: everything that was found, and nothing where there is none.
        :param at: venue time, UTC.
        :returns: what stood and is gone now, as it was seen last.
        """

    @abstractmethod
    def seen(self, times: int) -> set[DifferenceKey]:
        """Keys of the account's standing differences that so many comparisons in a row have found."""

    @abstractmethod
    def note(self, difference: Difference, words: str) -> None:
        """Add to the standing row of a difference what was done about it."""
