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
class BookFeed:
    """Whole order books, for research.

    :param depth: levels a side, 1 or 50; 0 collects none.
    :param every: at most one book of an instrument in so much venue time.
    :param keep: age at which a row may go; zero keeps it for ever.
    """

    depth: int = 0
    every: timedelta = timedelta(seconds=1)
    keep: timedelta = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class TradeFeed:
    """Public trades, for research.

    :param wanted: whether they are collected.
    :param keep: age at which a row may go; zero keeps it for ever.
    """

    wanted: bool = False
    keep: timedelta = timedelta(days=7)


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
    book_snapshots: BookFeed = field(default_factory=BookFeed)
    public_trades: TradeFeed = field(default_factory=TradeFeed)
    funding_rates: SeriesFeed = field(default_factory=SeriesFeed)
    open_interest: SeriesFeed = field(default_factory=SeriesFeed)
    mark_bars: SeriesFeed = field(default_factory=SeriesFeed)

    @property
    def kept(self) -> dict[str, timedelta]:
        """For how long, by kind."""
        return {one.name: getattr(self, one.name).keep for one in fields(self)}
