"""What becomes of a position between its entry and its end."""

from dataclasses import dataclass

from trading_pipeline.domain.model.plans import Runner, Target


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """Exits of a position; the fractions of targets and runner add up to 1.

    :param targets: one to three, nearest first.
    :param next_bar_exit: leave at the first close after the entry bar at which momentum has not moved in favour.
    """

    targets: tuple[Target, ...]
    runner: Runner
    next_bar_exit: bool = False
