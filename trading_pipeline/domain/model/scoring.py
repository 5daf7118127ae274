"""How good a signal looks, part by part. It describes and never decides."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Scoring:
    """The parts of a signal's score.

    :param signal_quality_score: 0 to 100; rounded it is the signal's score.
    :param divergence_strength: 0 to 60, of the pattern itself.
    :param confluence_strength: 0 to 40, of what confirms it.
    :param confirmations_hit: codes of the confirmations that hold, in their fixed order.
    """

    signal_quality_score: Decimal
    divergence_strength: Decimal
    confluence_strength: Decimal
    confirmations_hit: tuple[str, ...]

    def __str__(self) -> str:
        """One line for people."""
        return (
            f"quality {self.signal_quality_score:.1f}: divergence {self.divergence_strength:.1f}, "
            f"confluence {self.confluence_strength:.1f} by {', '.join(self.confirmations_hit) or 'nothing'}"
        )
