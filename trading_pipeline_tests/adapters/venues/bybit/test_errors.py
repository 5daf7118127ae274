"""Return codes and what they lead to."""

from pathlib import Path

import pytest

from trading_pipeline.adapters.venues.bybit.errors import REACTIONS, Reaction, read_error, write_error
from trading_pipeline.domain.model.errors import (
    ConfigurationError,
    OrderOutcomeUnknown,
    OrderRejectedByVenue,
    RateLimited,
    TemporaryVenueError,
    TradingError,
    TradingForbiddenByVenue,
)

WRITES: dict[Reaction, type[TradingError]] = {
    Reaction.ALREADY_DONE: OrderOutcomeUnknown,
    Reaction.LOOK_UP: OrderOutcomeUnknown,
    Reaction.AMBIGUOUS: OrderOutcomeUnknown,
    Reaction.SLOW_DOWN: RateLimited,
    Reaction.CLOCK: OrderRejectedByVenue,
    Reaction.KEY_REFUSED: OrderRejectedByVenue,
    Reaction.REJECTED: OrderRejectedByVenue,
    Reaction.FORBIDDEN: TradingForbiddenByVenue,
}
READS: dict[Reaction, type[TradingError]] = {
    Reaction.ALREADY_DONE: TemporaryVenueError,
    Reaction.LOOK_UP: TemporaryVenueError,
    Reaction.AMBIGUOUS: TemporaryVenueError,
    Reaction.SLOW_DOWN: RateLimited,
    Reaction.CLOCK: TemporaryVenueError,
    Reaction.KEY_REFUSED: ConfigurationError,
    Reaction.REJECTED: ConfigurationError,
    Reaction.FORBIDDEN: TradingForbiddenByVenue,
}


def test_every_code_of_the_table_is_one_of_the_venue(samples: Path) -> None:
    published = {int(code) for code in (samples / "bybit_error_codes.txt").read_text().split()}
    assert set(REACTIONS) <= published


@pytest.mark.parametrize("code", REACTIONS)
def test_every_code_leads_to_the_error_of_its_reaction(code: int) -> None:
    assert type(write_error(code, "")) is WRITES[REACTIONS[code]]
    assert type(read_error(code, "")) is READS[REACTIONS[code]]


@pytest.mark.parametrize(
    ("code", "reaction"),
    [
        *((code, Reaction.AMBIGUOUS) for code in (10000, 10016, 10019)),
        *((code, Reaction.SLOW_DOWN) for code in (10006, 10429, 20003, 110079)),
        *((code, Reaction.ALREADY_DONE) for code in (110072, 34040, 110025, 110026, 110043)),
        *((code, Reaction.LOOK_UP) for code in (110001, 110008, 110010)),
        *((code, Reaction.FORBIDDEN) for code in (10027, 110066, 33004, 403)),
        *((code, Reaction.REJECTED) for code in (10001, 110007, 110012, 110017, 110020, 110094)),
        *((code, Reaction.KEY_REFUSED) for code in (10003, 10004, 10005)),
    ],
)
def test_codes_that_decide_about_money_have_the_reaction_we_mean(code: int, reaction: Reaction) -> None:
    assert REACTIONS[code] is reaction


@pytest.mark.parametrize("code", [500, 502, 503, 504, 409, 199999])
def test_an_unknown_code_proves_nothing_about_a_write(code: int) -> None:
    assert isinstance(write_error(code, ""), OrderOutcomeUnknown)
    assert type(read_error(code, "")) is TemporaryVenueError


def test_the_code_travels_with_the_error() -> None:
    error = write_error(110007, "Available balance is insufficient")
    assert isinstance(error, OrderRejectedByVenue)
    assert error.code == "110007"
    assert "insufficient" in str(error)
