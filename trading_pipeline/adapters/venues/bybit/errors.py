"""One table from the venue's return codes to what the caller does next.

Source: https://bybit-exchange.github.io/docs/v5/error. The same code means different things for a
write, where it decides whether an order may exist, and for a read, which can simply be repeated.
"""

from enum import StrEnum

from trading_pipeline.domain.model.errors import (
    ConfigurationError,
    OrderOutcomeUnknown,
    OrderRejectedByVenue,
    RateLimited,
    TemporaryVenueError,
    TradingError,
    TradingForbiddenByVenue,
)


class Reaction(StrEnum):
    """What a return code asks for."""

    ALREADY_DONE = "already_done"
    LOOK_UP = "look_up"
    AMBIGUOUS = "ambiguous"
    SLOW_DOWN = "slow_down"
    CLOCK = "clock"
    KEY_REFUSED = "key_refused"
    REJECTED = "rejected"
    FORBIDDEN = "forbidden"


_CODES_BY_REACTION: dict[Reaction, tuple[int, ...]] = {
    # duplicate link id on create, stop or leverage or mode already as asked
    Reaction.ALREADY_DONE: (34040, 110025, 110026, 110043, 110072),
    # a cancel came too late or too early: only the order's own record tells which
    Reaction.LOOK_UP: (110001, 110008, 110010),
    Reaction.AMBIGUOUS: (10000, 10014, 10016, 10019),
    # the last one: the order is still being processed and cannot be touched yet
    Reaction.SLOW_DOWN: (429, 10006, 10018, 10429, 20003, 110079),
    Reaction.CLOCK: (-1, 10002),
    Reaction.KEY_REFUSED: (401, 10003, 10004, 10005, 10007, 10010),
    Reaction.REJECTED: (
        *(400, 404, 10001, 10017, 10024, 10028, 10029, 30208, 30209, 30228),
        *(110003, 110004, 110005, 110006, 110007, 110009, 110011, 110012, 110013, 110014, 110015, 110017),
        *(110018, 110019, 110020, 110021, 110022, 110023, 110024, 110028, 110029, 110031, 110032, 110033, 110034),
        *(110036, 110038, 110039, 110040, 110042, 110044, 110045, 110046, 110047, 110048, 110049, 110051, 110052),
        *(110053, 110057, 110058, 110059, 110060, 110061, 110063, 110064, 110068, 110074, 110085, 110086, 110089),
        *(110090, 110092, 110093, 110094, 110095, 110098, 110099, 110103, 110118, 110120, 110121, 110125, 110131),
    ),
    Reaction.FORBIDDEN: (-2015, 403, 10008, 10009, 10027, 33004, 110066, 110123, 110124, 110132),
}
REACTIONS: dict[int, Reaction] = {code: reaction for reaction, codes in _CODES_BY_REACTION.items() for code in codes}
"""Return code, or HTTP status where the answer was not 200, to reaction."""


def write_error(code: int, message: str, retry_after_s: float = 1.0) -> TradingError:
    """The error for a refused or lost write.

    A code that is not in the table proves nothing, so it counts as unknown: asking once too often
    is cheap, sending twice is not.

    :param retry_after_s: wall seconds until the venue looks at requests again.
    """
    text, label = f"bybit answered {code}: {message}", str(code)
    match REACTIONS.get(code):
        case Reaction.SLOW_DOWN:
            return RateLimited(text, label, retry_after_s)
        case Reaction.FORBIDDEN:
            return TradingForbiddenByVenue(text, label)
        # Key and time are looked at before the order, so that both prove that nothing happened.
        case Reaction.REJECTED | Reaction.KEY_REFUSED | Reaction.CLOCK:
            return OrderRejectedByVenue(text, label)
        case _:
            return OrderOutcomeUnknown(f"{text}; ask by link id what became of it", label)


def read_error(code: int, message: str, retry_after_s: float = 1.0) -> TradingError:
    """The error for a read that brought no answer; a code that is not in the table may pass with time."""
    text, label = f"bybit answered {code}: {message}", str(code)
    match REACTIONS.get(code):
        case Reaction.SLOW_DOWN:
            return RateLimited(text, label, retry_after_s)
        case Reaction.FORBIDDEN:
            return TradingForbiddenByVenue(text, label)
        case Reaction.KEY_REFUSED:
            return ConfigurationError(f"{text}; check BYBIT_API_KEY and BYBIT_API_SECRET against the endpoint in use")
        case Reaction.REJECTED:
            return ConfigurationError(f"{text}; check the symbol, timeframe or parameter that was asked for")
        case _:
            return TemporaryVenueError(text, label)
