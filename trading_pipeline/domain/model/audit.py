"""Who did what, in a chain that shows when a link was changed or taken out."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from hashlib import sha256

GENESIS = "0" * 64
"""What the first record of a chain follows."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One thing that somebody did or was refused.

    :param actor: the name they signed in by, or that of the machine's user.
    :param action: dotted, what was done: ``sign_in``, ``user.add``, ``command.halt``.
    :param subject: what it was done to.
    :param outcome: ``done``, ``refused``, ``asked``, ``failed``.
    :param before: what stood before, as JSON; empty where nothing did or nothing was changed.
    :param request_id: of the request, the command or the run.
    """

    actor: str
    action: str
    subject: str
    outcome: str
    request_id: str
    detail: str = ""
    before: Mapping[str, object] = field(default_factory=dict)
    after: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """An entry in its place.

    :param number: 1, 2, 3 without a gap.
    :param written_at: wall time in UTC, to the microsecond.
    :param digest: of this record and of everything before it, 64 hex digits.
    """

    number: int
    written_at: datetime
    entry: AuditEntry
    digest: str


@dataclass(frozen=True, slots=True)
class AuditVerdict:
    """What reading the whole chain again showed.

    :param records: how many were read.
    :param head: digest of the last sound one; kept elsewhere it proves that the end was not cut off either.
    :param broken: what is wrong with the first record that is; empty where nothing is.
    """

    records: int
    head: str
    broken: str = ""


def link(previous: str, number: int, written_at: datetime, entry: AuditEntry) -> str:
    """The digest of a record: SHA-256 of the digest before it, its number, time and content as canonical JSON."""
    content = [previous, number, written_at.isoformat(), asdict(entry)]
    return sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def verify_chain(records: Iterable[AuditRecord]) -> AuditVerdict:
    """Walk the chain from its beginning and stop at the first record that does not follow from those before."""
    head, read = GENESIS, 0
    for read, record in enumerate(records, start=1):
        if record.number != read:
            return AuditVerdict(read - 1, head, f"record {read} is missing; {record.number} stands in its place")
        if record.digest != link(head, record.number, record.written_at, record.entry):
            return AuditVerdict(read - 1, head, f"record {read} is not what was written: its digest does not follow")
        head = record.digest
    return AuditVerdict(read, head)
