"""Where the venue and the ledger disagree."""

from dataclasses import dataclass
from enum import StrEnum

from trading_pipeline.domain.model.identity import AccountId, InstrumentId


class DifferenceKind(StrEnum):
    """What does not agree."""

    UNKNOWN_POSITION = "unknown_position"
    MISSING_POSITION = "missing_position"
    QUANTITY = "quantity"
    UNKNOWN_ORDER = "unknown_order"
    NO_STOP = "no_stop"


@dataclass(frozen=True, slots=True)
class Difference:
    """One disagreement, as a sentence an operator can act on."""

    account_id: AccountId
    instrument_id: InstrumentId
    kind: DifferenceKind
    detail: str
