"""How the parts of a running system are."""

from dataclasses import dataclass
from enum import StrEnum


class HealthState(StrEnum):
    """``DEGRADED``: it answers, and something about it is not as it should be."""

    UP = "up"
    DEGRADED = "degraded"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class ComponentHealth:
    """One part.

    :param age_s: wall seconds since its last sign of life, ``None`` where it has given none.
    """

    name: str
    state: HealthState
    detail: str
    age_s: float | None
