"""How far the account has fallen on a day, for its circuit breaker."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal

from trading_pipeline.domain.model.accounts import Balance


@dataclass(frozen=True, slots=True)
class DayFall:
    """The deepest fall of a UTC day.

    :param currency: what ``start`` and ``lowest`` are counted in.
    :param start: equity at the day's first reading, ``lowest`` at its lowest one.
    """

    currency: str
    start: Decimal
    lowest: Decimal

    @property
    def share(self) -> Decimal:
        """A fraction of the first reading."""
        return (self.start - self.lowest) / self.start


def deepest_fall(
    first: Mapping[str, Balance], lowest: Mapping[str, Decimal], currencies: Collection[str]
) -> DayFall | None:
    """The currency that has fallen furthest, of those that instruments are settled in.

    A currency that the day began without has nothing to fall from.

    :returns: ``None`` where none of them was held.
    """
    falls = [
        DayFall(currency, first[currency].equity, lowest[currency])
        for currency in sorted(set(currencies) & first.keys() & lowest.keys())
        if first[currency].equity > 0
    ]
    return max(falls, key=lambda fall: fall.share, default=None)
