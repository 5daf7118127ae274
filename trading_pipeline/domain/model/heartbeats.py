"""Signs of life of processes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A component's last sign of life.

    :param detail: its condition in a few words; of the feed, each stream with ``up`` or ``down``.
    :param age_s: wall seconds since then.
    """

    component: str
    detail: str
    age_s: float
