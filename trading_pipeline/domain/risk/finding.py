"""What a rule has to say about an entry, with the number it looked at."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class Action(StrEnum):
    """What follows from a finding: no entry, a smaller one, or the same entry and a word about it."""

    DENY = "deny"
    REDUCE = "reduce"
    WARN = "warn"


@dataclass(frozen=True, slots=True)
class Finding:
    """One verdict of one rule.

    :param rule: the rule's name.
    :param sentence: for an operator who reads it on a phone.
    :param value: what the rule looked at, in the unit of ``limit``; ``None`` where there is no number or it is unknown.
    :param limit: what it was held against, ``None`` where the rule has no number.
    :param keeps: of a reduction, the share of the size that is left.
    :param most: of a reduction, the largest quantity (base currency) that is left, ``None`` for none but ``keeps``.
    :param until: of a rest, the venue time (UTC) from which on the rule has nothing against it; ``None`` where what
        happens decides, and not the clock.
    """

    rule: str
    action: Action
    sentence: str
    value: Decimal | None = None
    limit: Decimal | None = None
    keeps: Decimal = Decimal(1)
    most: Decimal | None = None
    until: datetime | None = None
