"""Limits that people changed while everything ran."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class LimitChange:
    """One limit, changed by one request.

    :param key: as in ``risk.yaml``, with its section: ``circuit.soft``.
    :param before: what was in force, as JSON writes it; ``after`` is what is since.
    :param stands: whether it lies over the file; without, the file decides again.
    :param request_id: the request, under which the audit trail has it, too.
    """

    key: str
    before: object
    after: object
    stands: bool
    actor: str
    reason: str
    request_id: str


@dataclass(frozen=True, slots=True)
class StandingChange:
    """A change that lies over the file.

    :param change_id: its number, by which changes are in order.
    :param changed_at: wall time in UTC.
    """

    change_id: int
    change: LimitChange
    changed_at: datetime
