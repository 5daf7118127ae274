"""What is collected of the markets beside bars, how often, and for how long it is kept."""

from dataclasses import dataclass, field, fields
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class TickerFeed:
    """Best and reference prices, funding to come, open interest.

    :param every: at most one ticker of an instrument in so much venue time; zero collects none.
    :param keep: age at which a row may go; zero keeps it for ever.
    """

    every: timedelta = timedelta(minutes=1)
    keep: timedelta = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class SeriesFeed:
    """Funding, open interest or mark prices, which the venue keeps.

    :param keep: age at which a row may go; zero keeps it for ever.
    """

    keep: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class MarketFeeds:
    """One part for each kind."""

    tickers: TickerFeed = field(default_factory=TickerFeed)
    funding_rates: SeriesFeed = field(default_factory=SeriesFeed)
    open_interest: SeriesFeed = field(default_factory=SeriesFeed)
    mark_bars: SeriesFeed = field(default_factory=SeriesFeed)

    @property
    def kept(self) -> dict[str, timedelta]:
        """For how long, by kind."""
        return {one.name: getattr(self, one.name).keep for one in fields(self)}
