"""``universe.yaml``: venue, instruments, timeframes, start of history."""

import re
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, field_validator

from trading_pipeline.adapters.parameters.reading import Section, read
from trading_pipeline.adapters.venues.catalog import VENUES, derivations_of
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.holes import HolePolicy, HoleRules
from trading_pipeline.domain.model.identity import SYMBOL, InstrumentId, VenueName
from trading_pipeline.domain.model.market_feeds import BookFeed, MarketFeeds, SeriesFeed, TickerFeed, TradeFeed
from trading_pipeline.domain.model.quality import QualityRules
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.model.universe import Universe


def _timeframe(value: object) -> Timeframe:
    """A timeframe from its label; pydantic turns the ``ValueError`` into a named key."""
    try:
        return Timeframe.parse(str(value))
    except ConfigurationError as error:
        raise ValueError(str(error)) from error


def _symbol(name: str) -> str:
    if not re.fullmatch(SYMBOL, name):
        raise ValueError("no symbol; write it as the venue does, like BTCUSDT")
    return name


def _instrument(name: str) -> str:
    if not re.fullmatch(rf"{SYMBOL}(\.[A-Z]+)?", name):
        raise ValueError("no instrument; write it like BTCUSDT or BTCUSDT.BYBIT")
    return name


SymbolName = Annotated[str, AfterValidator(_symbol)]
InstrumentName = Annotated[str, AfterValidator(_instrument)]
TimeframeName = Annotated[Timeframe, BeforeValidator(_timeframe)]


class _Holes(Section):
    """What becomes of bars that nobody can have."""

    # A venue that lost one bar would otherwise keep its instrument out for as long as the slowest window.
    policy: HolePolicy = HolePolicy.COMPUTE_OVER
    ask_again_after_minutes: Annotated[int, Field(ge=1, le=1440)] = 5


def _window(text: object) -> tuple[time, time]:
    """``HH:MM-HH:MM``; pydantic turns the ``ValueError`` into a named key."""
    begin, dash, end = str(text).partition("-")
    if not dash:
        raise ValueError(f"{text!r} is no window; write it like 12:25-12:45")
    return time.fromisoformat(begin.strip()), time.fromisoformat(end.strip())


Share = Annotated[float, Field(ge=0, le=1)]


class _Quality(Section):
    """When something is noticed about bars; 0 never."""

    max_lag_s: Annotated[int, Field(ge=0)] = 180
    price_jump: Share = 0.08
    volume_spike: Annotated[float, Field(ge=0)] = 10.0
    volume_window: Annotated[int, Field(ge=10, le=500)] = 30
    high_volatility: Share = 0.0
    atr_period: Annotated[int, Field(ge=2, le=500)] = 14
    news_windows_utc: tuple[Annotated[tuple[time, time], BeforeValidator(_window)], ...] = ()

    def rules(self) -> QualityRules:
        """As the services take them."""
        return QualityRules(
            max_lag=timedelta(seconds=self.max_lag_s),
            price_jump=self.price_jump,
            volume_spike=self.volume_spike,
            volume_window=self.volume_window,
            high_volatility=self.high_volatility,
            atr_period=self.atr_period,
            news_windows=self.news_windows_utc,
        )


class _Tickers(Section):
    """Best and reference prices."""

    every_s: Annotated[int, Field(ge=0, le=86_400)] = 60
    keep_days: Annotated[int, Field(ge=0)] = 90


class _Books(Section):
    """Whole order books; 0 levels are none."""

    # Of the depths that the venue publishes; none by default, as no decision reads whole books.
    depth: Literal[0, 1, 50] = 0
    every_s: Annotated[int, Field(ge=1, le=86_400)] = 1
    keep_days: Annotated[int, Field(ge=0)] = 7

    def feed(self) -> BookFeed:
        """As the feed takes it."""
        return BookFeed(self.depth, timedelta(seconds=self.every_s), timedelta(days=self.keep_days))


class _Trades(Section):
    """Public trades."""

    wanted: bool = False
    keep_days: Annotated[int, Field(ge=0)] = 7


class _Series(Section):
    """What the venue keeps."""

    # A row an hour or less: years of it are small, and a venue keeps less than we may want.
    keep_days: Annotated[int, Field(ge=0)] = 0

    def feed(self) -> SeriesFeed:
        """As the purge takes it."""
        return SeriesFeed(timedelta(days=self.keep_days))


class _Feeds(Section):
    """What is collected beside bars; ``every_s`` of 0 collects none, ``keep_days`` of 0 keeps for ever."""

    tickers: _Tickers = _Tickers()
    book_snapshots: _Books = _Books()
    public_trades: _Trades = _Trades()
    funding_rates: _Series = _Series()
    open_interest: _Series = _Series()
    mark_bars: _Series = _Series()

    def feeds(self) -> MarketFeeds:
        """As the feed takes them."""
        return MarketFeeds(
            tickers=TickerFeed(timedelta(seconds=self.tickers.every_s), timedelta(days=self.tickers.keep_days)),
            book_snapshots=self.book_snapshots.feed(),
            public_trades=TradeFeed(self.public_trades.wanted, timedelta(days=self.public_trades.keep_days)),
            funding_rates=self.funding_rates.feed(),
            open_interest=self.open_interest.feed(),
            mark_bars=self.mark_bars.feed(),
        )


class _UniverseFile(Section):
    """Keys and rules of the file."""

    venue: str
    history_start: datetime
    symbols: Annotated[tuple[SymbolName, ...], Field(min_length=1)]
    timeframes: Annotated[tuple[TimeframeName, ...], Field(min_length=1)]
    holes: _Holes = _Holes()
    quality: _Quality = _Quality()
    feeds: _Feeds = _Feeds()

    @field_validator("venue")
    @classmethod
    def _known(cls, venue: str) -> str:
        if venue not in VENUES:
            raise ValueError(f"unknown venue {venue!r}; there are {', '.join(sorted(VENUES))}")
        return venue

    @field_validator("symbols", "timeframes")
    @classmethod
    def _no_repetition(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        repeated = sorted({value for value in values if values.count(value) > 1})
        if repeated:
            raise ValueError(f"{', '.join(repeated)} is listed twice")
        return values


def _refuse_underivable(path: Path, venue: str, timeframes: tuple[Timeframe, ...]) -> None:
    """:raises ConfigurationError: bars of a timeframe are made of those of one that is not collected."""
    for made, base in derivations_of(venue).items():
        if made in timeframes and base not in timeframes:
            raise ConfigurationError(
                f"{path}: timeframes: {venue} publishes no {made} bars, they are made of {base} bars; add {base}"
            )


def instrument_named(name: str, venue: str) -> InstrumentId:
    """An instrument as people write it: by its symbol alone, at ``venue``, or in full, ``BTCUSDT.BYBIT``.

    :raises ConfigurationError: it names a venue that there is not.
    """
    if "." not in name:
        return InstrumentId.of(name, VenueName(venue.upper()))
    found = InstrumentId.parse(name)
    if found.venue.lower() not in VENUES:
        raise ConfigurationError(f"{name!r}: there is no venue {str(found.venue)!r}, only {', '.join(VENUES).upper()}")
    return found


def usual_venue(config_dir: Path) -> str:
    """Where a symbol without a venue is traded: at the universe's, or at the first of the catalogue without one."""
    # Research on files works in a folder that has no universe.
    return load_universe(config_dir).venue if (config_dir / "universe.yaml").exists() else next(iter(VENUES))


def load_universe(config_dir: Path) -> Universe:
    """The universe in ``config_dir/universe.yaml``, shortest timeframe first; a time without zone is UTC.

    :raises ConfigurationError: the file is missing or breaks a rule; the message names file and key.
    """
    content = read(config_dir / "universe.yaml", _UniverseFile)
    _refuse_underivable(config_dir / "universe.yaml", content.venue, content.timeframes)
    start = content.history_start
    return Universe(
        venue=content.venue,
        # YAML gives a day or a time without a zone; people mean UTC, as bars do.
        history_start=start.replace(tzinfo=UTC) if start.tzinfo is None else start.astimezone(UTC),
        instrument_ids=tuple(instrument_named(symbol, content.venue) for symbol in content.symbols),
        timeframes=tuple(sorted(content.timeframes, key=lambda timeframe: timeframe.ms)),
        holes=HoleRules(content.holes.policy, timedelta(minutes=content.holes.ask_again_after_minutes)),
        quality=content.quality.rules(),
        feeds=content.feeds.feeds(),
    )
