"""From the venue's return codes to what the caller does next.

Which code asks for what stands in ``return_codes.csv``, after https://bybit-exchange.github.io/docs/v5/error. The same
code means different things for a write, where it decides whether an order may exist, and for a read, which can
simply be repeated.
"""

import csv
from enum import StrEnum
from importlib.resources import files

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


class Reaction(StrEnum):
    """What a return code asks for.

    ``ALREADY_DONE``: it is as asked. ``LOOK_UP``: a cancel came too late or too early, which only the order's own
    record tells. ``AMBIGUOUS``: nothing is proved. ``RETRY_LATER``: turned away before anybody looked. ``BLOCKED``: the
    same, and for long. ``STOP_PASSED``: the price stands beyond the trigger. ``REJECTED``: a definite no.
    ``KEY_REFUSED`` and ``FORBIDDEN``: a definite no to everything else, too; a person is called.
    """

    ALREADY_DONE = "already_done"
    LOOK_UP = "look_up"
    AMBIGUOUS = "ambiguous"
    RETRY_LATER = "retry_later"
    BLOCKED = "blocked"
    STOP_PASSED = "stop_passed"
    REJECTED = "rejected"
    KEY_REFUSED = "key_refused"
    FORBIDDEN = "forbidden"


def _table() -> dict[int, Reaction]:
    text = (files(__package__) / "return_codes.csv").read_text(encoding="utf-8")
    return {int(row["code"]): Reaction(row["reaction"]) for row in csv.DictReader(text.splitlines())}


REACTIONS = _table()
"""Return code, or HTTP status where the answer was not 200, to reaction. Codes of products that are never asked here
are not in it."""

BLOCKED_S = 600.0
"""Seconds for which an address stays shut out, https://bybit-exchange.github.io/docs/v5/rate-limit."""

_BAD_PARAMETER = 10001
_NO_PATH = 404
_NOT_UNIFIED = "the account is not a unified one, or BYBIT_REST_URL is not the venue's address"
# How the venue words that a stop lies beyond the last price, under the code of every wrong parameter.
_BASE_PRICE = "base_price"


def reaction_to(code: int, message: str = "") -> Reaction:
    """What the answer asks for; a code that is not in the table proves nothing."""
    if code == _BAD_PARAMETER and _BASE_PRICE in message:
        return Reaction.STOP_PASSED
    return REACTIONS.get(code, Reaction.AMBIGUOUS)


def write_error(code: int, message: str, retry_after_s: float = 1.0) -> TradingError:
    """The error for a refused or lost write.

    What proves nothing counts as unknown: asking once too often is cheap, sending twice is not.

    :param retry_after_s: wall seconds until the venue looks at requests again.
    """
    text, label = f"bybit answered {code}: {message}", str(code)
    match reaction_to(code, message):
        case Reaction.RETRY_LATER:
            return TurnedAway(text, label, retry_after_s)
        case Reaction.BLOCKED:
            return _blocked(text, label)
        case Reaction.STOP_PASSED:
            return StopPassed(text, label)
        case Reaction.REJECTED:
            return OrderRejectedByVenue(text, label)
        # The key is looked at before the order: nothing happened, and nothing will before a person has acted.
        case Reaction.FORBIDDEN | Reaction.KEY_REFUSED:
            return TradingForbiddenByVenue(text, label)
        case _:
            return OrderOutcomeUnknown(f"{text}; ask by link id what became of it", label)


def read_error(code: int, message: str, retry_after_s: float = 1.0) -> TradingError:
    """The error for a read that brought no answer; a code that is not in the table may pass with time."""
    text, label = f"bybit answered {code}: {message}", str(code)
    match reaction_to(code, message):
        case Reaction.RETRY_LATER:
            return TurnedAway(text, label, retry_after_s)
        case Reaction.BLOCKED:
            return _blocked(text, label)
        case Reaction.FORBIDDEN:
            return TradingForbiddenByVenue(text, label)
        case Reaction.KEY_REFUSED:
            return ConfigurationError(f"{text}; check BYBIT_API_KEY and BYBIT_API_SECRET against the endpoint in use")
        case Reaction.REJECTED | Reaction.STOP_PASSED:
            hint = _NOT_UNIFIED if code == _NO_PATH else "check the symbol, timeframe or parameter that was asked for"
            return ConfigurationError(f"{text}; {hint}")
        case _:
            return TemporaryVenueError(text, label)


def _blocked(text: str, label: str) -> TurnedAway:
    return TurnedAway(f"{text}; nothing is asked of it for {BLOCKED_S / 60:.0f} minutes", label, BLOCKED_S)
