"""Reading request parameters, which arrive as text in queries and as JSON values in bodies."""

import re
from collections.abc import Mapping
from decimal import Decimal

from trading_pipeline.domain.model.instruments import Instrument
from trading_pipeline.exchange_simulator.rejections import bad_parameter

Parameters = Mapping[str, object]
MOST_DIGITS = 27
"""What is worked out with more digits than these is rounded or refused by arithmetic itself."""
LONGEST_SAID = 100
"""Characters of a wrong value that an answer repeats."""
_NUMBER = re.compile(r"\+?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_INTEGER = re.compile(r"-?\d{1,18}", re.ASCII)


def text(parameters: Parameters, name: str, default: str = "") -> str:
    """The parameter as text; absent and null are ``default``."""
    value = parameters.get(name)
    # Numbers in bodies are taken like the text the venue asks for: clients send both.
    return default if value is None else str(value)


def required(parameters: Parameters, name: str) -> str:
    """The parameter as text.

    :raises Rejection: 10001, it is absent or empty.
    """
    value = text(parameters, name)
    if not value:
        raise bad_parameter(f"params error: {name} is required")
    return value


def number(parameters: Parameters, name: str) -> Decimal | None:
    """The parameter as a non-negative decimal; ``None`` when absent or empty.

    :raises Rejection: 10001, it is no such number, or larger or longer than anything that is traded.
    """
    value = text(parameters, name)
    if not value:
        return None
    # Python reads more than the venue: other scripts' digits, underscores, blanks, infinities.
    result = Decimal(value) if _NUMBER.fullmatch(value) else None
    if result is None or abs(result.adjusted()) > MOST_DIGITS or len(result.as_tuple().digits) > MOST_DIGITS:
        raise bad_parameter(f"params error: {name} invalid {value[:LONGEST_SAID]}")
    return result


def integer(parameters: Parameters, name: str, default: int) -> int:
    """The parameter as an integer.

    :raises Rejection: 10001, it is none.
    """
    value = text(parameters, name)
    if not value:
        return default
    if not _INTEGER.fullmatch(value):
        raise bad_parameter(f"params error: {name} invalid {value[:LONGEST_SAID]}")
    return int(value)


def optional_integer(parameters: Parameters, name: str) -> int | None:
    """The parameter as an integer, ``None`` when absent."""
    return integer(parameters, name, 0) if text(parameters, name) else None


def limit(parameters: Parameters, default: int, most: int) -> int:
    """Page size between 1 and ``most``.

    :raises Rejection: 10001, out of range.
    """
    value = integer(parameters, "limit", default)
    if not 1 <= value <= most:
        raise bad_parameter(f"params error: limit invalid {value}; 1 to {most}")
    return value


def flag(parameters: Parameters, name: str) -> bool:
    """The parameter as a truth value; absent is false."""
    # JSON has true, queries have "true" and Python's str() makes "True" of the former.
    return text(parameters, name, "false").lower() == "true"


def linear(parameters: Parameters) -> None:
    """Only linear contracts trade here.

    :raises Rejection: 10001, another category is asked for.
    """
    category = text(parameters, "category")
    if category != "linear":
        raise bad_parameter(f"Illegal category: {category or 'missing'}")


def one_of(parameters: Parameters, name: str, allowed: tuple[str, ...], default: str = "") -> str:
    """The parameter, which must be one of ``allowed``.

    :raises Rejection: 10001, it is not.
    """
    value = text(parameters, name, default) or default
    if value not in allowed:
        raise bad_parameter(f"params error: {name} invalid {value[:LONGEST_SAID]}")
    return value


def of_coins(parameters: Parameters, instrument: Instrument) -> bool:
    """Whether a contract is meant: by its name alone where one is given, else by base and settlement currency."""
    symbol = text(parameters, "symbol")
    if symbol:
        return symbol == instrument.symbol
    base, settlement = text(parameters, "baseCoin"), text(parameters, "settleCoin")
    return base in ("", instrument.base_currency) and settlement in ("", instrument.settlement_currency)
