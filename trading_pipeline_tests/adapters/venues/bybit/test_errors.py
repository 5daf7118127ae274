"""Return codes and what they lead to."""

import csv
from importlib.resources import files
from pathlib import Path

import pytest

from trading_pipeline.adapters.venues import bybit
from trading_pipeline.adapters.venues.bybit.errors import (
    BLOCKED_S,
    REACTIONS,
    Reaction,
    reaction_to,
    read_error,
    write_error,
)
from trading_pipeline.domain.model.errors import (
    ConfigurationError,
    OrderOutcomeUnknown,
    OrderRejectedByVenue,
    StopPassed,
    TemporaryVenueError,
    TradingError,
    TradingForbiddenByVenue,
    TurnedAway,
)

WRITES: dict[Reaction, type[TradingError]] = {
    Reaction.ALREADY_DONE: OrderOutcomeUnknown,
    Reaction.LOOK_UP: OrderOutcomeUnknown,
    Reaction.AMBIGUOUS: OrderOutcomeUnknown,
    Reaction.RETRY_LATER: TurnedAway,
    Reaction.BLOCKED: TurnedAway,
    Reaction.STOP_PASSED: StopPassed,
    Reaction.KEY_REFUSED: TradingForbiddenByVenue,
    Reaction.REJECTED: OrderRejectedByVenue,
    Reaction.FORBIDDEN: TradingForbiddenByVenue,
}
READS: dict[Reaction, type[TradingError]] = {
    Reaction.ALREADY_DONE: TemporaryVenueError,
    Reaction.LOOK_UP: TemporaryVenueError,
    Reaction.AMBIGUOUS: TemporaryVenueError,
    Reaction.RETRY_LATER: TurnedAway,
    Reaction.BLOCKED: TurnedAway,
    Reaction.STOP_PASSED: ConfigurationError,
    Reaction.KEY_REFUSED: ConfigurationError,
    Reaction.REJECTED: ConfigurationError,
    Reaction.FORBIDDEN: TradingForbiddenByVenue,
}


@pytest.fixture
def published(samples: Path) -> set[int]:
    """Every code of the venue's page, those of products that are not traded here included."""
    return {int(code) for code in (samples / "bybit_error_codes.txt").read_text().split()}


def test_every_code_of_the_table_is_one_of_the_venue(published: set[int]) -> None:
    assert set(REACTIONS) <= published


def test_what_the_venue_publishes_and_the_table_leaves_out_proves_nothing(published: set[int]) -> None:
    left_out = published - set(REACTIONS) - {0}
    assert {reaction_to(code) for code in left_out} == {Reaction.AMBIGUOUS}
    # Of the codes that trading a contract meets there are none among them.
    assert not [code for code in left_out if 110_000 <= code < 110_200]


def test_every_code_says_what_it_means() -> None:
    rows = list(csv.DictReader((files(bybit) / "return_codes.csv").read_text().splitlines()))
    assert len({row["code"] for row in rows}) == len(rows) == len(REACTIONS)
    assert all(len(row["meaning"].split()) >= 2 for row in rows)


@pytest.mark.parametrize("code", REACTIONS)
def test_every_code_leads_to_the_error_of_its_reaction(code: int) -> None:
    assert type(write_error(code, "")) is WRITES[REACTIONS[code]]
    assert type(read_error(code, "")) is READS[REACTIONS[code]]


@pytest.mark.parametrize(
    ("code", "reaction"),
    [
        *((code, Reaction.AMBIGUOUS) for code in (10000, 10016, 10019)),
        *((code, Reaction.RETRY_LATER) for code in (-1, 10002, 10006, 10429, 20003, 110079)),
        *((code, Reaction.STOP_PASSED) for code in (110092, 110093)),
        (403, Reaction.BLOCKED),
        *((code, Reaction.ALREADY_DONE) for code in (110072, 34040, 110025, 110026, 110043)),
        *((code, Reaction.LOOK_UP) for code in (110001, 110008, 110010)),
        *((code, Reaction.FORBIDDEN) for code in (10027, 110066, 33004, -2015)),
        *((code, Reaction.REJECTED) for code in (10001, 110007, 110012, 110017, 110020, 110094)),
        *((code, Reaction.KEY_REFUSED) for code in (10003, 10004, 10005, 10010)),
    ],
)
def test_codes_that_decide_about_money_have_the_reaction_we_mean(code: int, reaction: Reaction) -> None:
    assert REACTIONS[code] is reaction


@pytest.mark.parametrize("code", [500, 502, 503, 504, 409, 199999])
def test_an_unknown_code_proves_nothing_about_a_write(code: int) -> None:
    assert isinstance(write_error(code, ""), OrderOutcomeUnknown)
    assert type(read_error(code, "")) is TemporaryVenueError


def test_a_passed_stop_is_no_other_wrong_parameter() -> None:
    passed = "StopLoss:1000000 set for Buy position should lower than base_price:990000??LastPrice"
    assert type(write_error(10001, passed)) is StopPassed
    assert type(write_error(10001, "position idx not match position mode")) is OrderRejectedByVenue


def test_a_banned_address_asks_nothing_for_ten_minutes() -> None:
    error = write_error(403, "access too frequent", retry_after_s=0.1)
    assert isinstance(error, TurnedAway)
    assert error.retry_after_s == BLOCKED_S == 600


def test_the_code_travels_with_the_error() -> None:
    error = write_error(110007, "Available balance is insufficient")
    assert isinstance(error, OrderRejectedByVenue)
    assert error.code == "110007"
    assert "insufficient" in str(error)
