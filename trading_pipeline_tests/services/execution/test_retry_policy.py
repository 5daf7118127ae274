"""How often a question is asked, and when it is left for another time."""

import pytest

from trading_pipeline.domain.model.errors import OrderRejectedByVenue, TemporaryVenueError, TurnedAway, VenueError
from trading_pipeline.services.execution.retry_policy import RetryPolicy

SOON, LATE = TurnedAway("10006", retry_after_s=0.7), TurnedAway("403", retry_after_s=600.0)
DOWN, NO = TemporaryVenueError("down"), OrderRejectedByVenue("no")


class Venue:
    """Raises what it was given, then answers."""

    def __init__(self, *faults: VenueError) -> None:
        self.faults = list(faults)
        self.asked = 0

    def __call__(self) -> str:
        self.asked += 1
        if self.faults:
            raise self.faults.pop(0)
        return "answer"


def policy(pauses: list[float], patience_s: float = 60.0) -> RetryPolicy:
    return RetryPolicy(tries=3, interval_s=0.25, patience_s=patience_s, pause=pauses.append)


@pytest.mark.parametrize(("patience_s", "left"), [(60.0, [2, 1, 0]), (0.0, [0])])
def test_there_is_one_try_at_least_and_none_after_the_patience(patience_s: float, left: list[int]) -> None:
    assert list(policy([], patience_s).rounds()) == left


@pytest.mark.parametrize(
    ("faults", "asked", "pauses"),
    [((), 1, []), ((DOWN,), 2, [0.25]), ((SOON, DOWN), 3, [0.7, 0.25])],
)
def test_a_question_is_asked_until_it_is_answered(
    faults: tuple[VenueError, ...], asked: int, pauses: list[float]
) -> None:
    venue, waited = Venue(*faults), list[float]()
    assert policy(waited).read(venue) == "answer"
    assert (venue.asked, waited) == (asked, pauses)


@pytest.mark.parametrize(
    ("faults", "asked"),
    [((DOWN,) * 3, 3), ((LATE,), 1), ((NO,), 1)],
    ids=["after all tries", "nobody waits ten minutes", "a no is an answer"],
)
def test_what_asking_again_does_not_help_is_left_to_the_caller(faults: tuple[VenueError, ...], asked: int) -> None:
    venue = Venue(*faults)
    with pytest.raises(type(faults[0])):
        policy([]).read(venue)
    assert venue.asked == asked


def test_a_question_that_takes_too_long_is_not_asked_again() -> None:
    venue = Venue(DOWN, DOWN)
    with pytest.raises(TemporaryVenueError):
        policy([], patience_s=0.0).read(venue)
    assert venue.asked == 1
