"""Where the venue and the ledger disagree."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from trading_pipeline.domain.model.identity import AccountId, InstrumentId


class DifferenceKind(StrEnum):
    """What does not agree."""

    UNKNOWN_POSITION = "unknown_position"
    MISSING_POSITION = "missing_position"
    QUANTITY = "quantity"
    UNKNOWN_ORDER = "unknown_order"
    NO_STOP = "no_stop"


DifferenceKey = tuple[InstrumentId, DifferenceKind, str]


@dataclass(frozen=True, slots=True)
class Difference:
    """One disagreement, as a sentence an operator can act on.

    :param subject: the order that it is about, empty where it is about the position.
    """

    account_id: AccountId
    instrument_id: InstrumentId
    kind: DifferenceKind
    detail: str
    subject: str = ""

    @property
    def key(self) -> DifferenceKey:
        """What makes it the same difference at the next look, whatever quantities have become."""
        return self.instrument_id, self.kind, self.subject


@dataclass(frozen=True, slots=True)
class KeptDifference:
    """A difference and its life so far, in venue time (UTC).

    :param sightings: comparisons that found it.
    :param gone_at: when a comparison found it gone, ``None`` while it stands.
    """

    difference: Difference
    found_at: datetime
    sightings: int
    gone_at: datetime | None
