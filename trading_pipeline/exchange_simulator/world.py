"""The prices of an exchange and the time it stands at: new, or as an account was left."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial

from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.timeframes import from_ms, to_ms
from trading_pipeline.exchange_simulator.bars import BarSeries, Column
from trading_pipeline.exchange_simulator.clock import wall_now
from trading_pipeline.exchange_simulator.configuration import Configuration
from trading_pipeline.exchange_simulator.live_venue import LiveContract, LiveVenue
from trading_pipeline.exchange_simulator.market_model import BASE, EPOCH, GENERATED_END, generate
from trading_pipeline.exchange_simulator.state_file import Place

DEFAULT_START = datetime(2025, 11, 1, tzinfo=UTC)
"""Where generated bars are entered without a start: ten months of history before it."""
KEPT_AFTER_START = timedelta(days=210)
"""Of generated bars; where they end, an exchange with a later start goes on with the same ones."""
GENERATORS = 2
"""Symbols whose bars are generated at the same time."""
_WEEK_MS = 7 * 86_400_000


@dataclass(frozen=True, slots=True)
class World:
    """What prices walk along, and from where.

    :param clock_start: where the clock begins; in lock-step the close before ``now_ms``, or that itself.
    :param now_ms: where the exchange stands, UTC ms.
    :param contracts: of the venue whose prices are taken, by symbol; none where prices are generated or recorded.
    :param shift_ms: by how much bars and funding were moved away from when they were recorded.
    """

    series: dict[str, BarSeries]
    clock_start: datetime
    now_ms: int
    shift_ms: int = 0
    contracts: dict[str, LiveContract] = field(default_factory=dict)


def _live_world(configuration: Configuration, live: LiveVenue, place: Place | None) -> World:
    """Now; an account that was left has what fell due since then behind it by the first price."""
    costs, now = configuration.costs, wall_now()
    contracts = {one: live.contract(one, costs.maker_fee, costs.taker_fee) for one in configuration.symbols}
    series = {symbol: contract.bars for symbol, contract in contracts.items()}
    return World(series, now, to_ms(now) if place is None else place.now_ms, contracts=contracts)


def new_world(configuration: Configuration) -> World:
    """Where a new account begins."""
    if configuration.live is not None:
        return _live_world(configuration, configuration.live, None)
    series, start = _bars(configuration)
    if not configuration.wall:
        return World(series, start, to_ms(start))
    now = wall_now()
    # Whole weeks, so that hours of the day, settlements and weekdays stay what they are.
    shift_ms = (to_ms(now) - to_ms(start)) // _WEEK_MS * _WEEK_MS
    return World(_shifted(series, shift_ms), now, to_ms(now), shift_ms)


def old_world(configuration: Configuration, place: Place) -> World:
    """Where an account was left."""
    if configuration.live is not None:
        return _live_world(configuration, configuration.live, place)
    series, _ = _bars(replace(configuration, start=from_ms(place.now_ms - place.shift_ms)))
    return World(_shifted(series, place.shift_ms), from_ms(place.clock_ms), place.now_ms, place.shift_ms)


def _shifted(series: dict[str, BarSeries], shift_ms: int) -> dict[str, BarSeries]:
    """The same bars at another time."""
    if not shift_ms:
        return series
    # Series that share their times share them moved as well: hundreds of them are most of the memory.
    moved: dict[int, Column] = {}

    def move(times: Column) -> Column:
        if id(times) not in moved:
            moved[id(times)] = times + shift_ms
        return moved[id(times)]

    return {symbol: bars.moved(move) for symbol, bars in series.items()}


def _bars(configuration: Configuration) -> tuple[dict[str, BarSeries], datetime]:
    """Base bars of every symbol and the start."""
    if configuration.bars is not None:
        # Reading files costs an import of pandas (50 MB) that generated bars do without.
        from trading_pipeline.exchange_simulator.recorded_bars import load

        return load(configuration.bars, configuration.symbols, configuration.start)
    start = configuration.start or DEFAULT_START
    first = EPOCH + BASE.duration
    if not first <= start < GENERATED_END:
        raise ConfigurationError(
            f"start {start.isoformat()} is outside the generated bars: {first:%Y-%m-%d} to {GENERATED_END:%Y-%m-%d}"
        )
    # numpy lets other threads in while it draws and adds up.
    with ThreadPoolExecutor(GENERATORS) as pool:
        until_ms = to_ms(start + KEPT_AFTER_START)
        made = pool.map(partial(generate, seed=configuration.seed, until_ms=until_ms), configuration.symbols)
        series = dict(zip(configuration.symbols, made, strict=True))
    return series, start
