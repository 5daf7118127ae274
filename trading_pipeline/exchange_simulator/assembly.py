"""Putting an exchange together: bars, clock, account and the state it was left in."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path

from trading_pipeline.domain.lifecycle.costs import Costs
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.timeframes import Timeframe, from_ms, to_ms
from trading_pipeline.exchange_simulator.authentication import credentials_for
from trading_pipeline.exchange_simulator.bars import BarSeries
from trading_pipeline.exchange_simulator.clock import Clock, FreeClock, LockStepClock, WallClock, wall_now
from trading_pipeline.exchange_simulator.exchange import Exchange, Market, Terms
from trading_pipeline.exchange_simulator.execution_profile import ExecutionProfile
from trading_pipeline.exchange_simulator.faults import faults_of
from trading_pipeline.exchange_simulator.funding_schedule import FundingSchedule
from trading_pipeline.exchange_simulator.instruments import specification, typical_price
from trading_pipeline.exchange_simulator.live_feed import LivePrices
from trading_pipeline.exchange_simulator.live_prices import LiveWalk
from trading_pipeline.exchange_simulator.live_venue import LiveContract, LiveVenue
from trading_pipeline.exchange_simulator.market_model import BASE, EPOCH, GENERATED_END, generate
from trading_pipeline.exchange_simulator.price_walk import Moment, PriceWalk
from trading_pipeline.exchange_simulator.recorded_funding import load_funding
from trading_pipeline.exchange_simulator.reference_prices import KINDS, Basis, modelled, recorded
from trading_pipeline.exchange_simulator.state_file import Place, StateFile
from trading_pipeline.exchange_simulator.venue import Venue, check_start

LOOPBACK = "127.0.0.1"
DEFAULT_START = datetime(2025, 11, 1, tzinfo=UTC)
"""Where generated bars are entered without a start: ten months of history before it."""
BASE_TIER = Costs(Decimal(2), Decimal("5.5"), Decimal(0), Decimal("0.0001"), 8)
"""Fees of a new account at the venue, and the interest part of its funding rate."""
KEPT_AFTER_START = timedelta(days=210)
"""Of generated bars; where they end, an exchange with a later start goes on with the same ones."""
GENERATORS = 2
"""Symbols whose bars are generated at the same time."""
_WEEK_MS = 7 * 86_400_000


@dataclass(frozen=True, slots=True)
class AnotherAccount:
    """An account beside the first one.

    :param name: what its keys depend on, with what the first one's do.
    :param balance: initial USDT.
    """

    name: str
    balance: Decimal


@dataclass(frozen=True, slots=True)
class Configuration:
    """What to simulate.

    :param bars: folder of recorded bars; ``None`` generates them from ``seed``.
    :param host: IPv4 address or name of this machine to listen on.
    :param port: 0 takes any free one.
    :param lock_step: timeframe of the lock-step clock; ``None`` lets the clock run free at ``speed``.
    :param wall: virtual time is wall time, and the bars from ``start`` on are moved to now.
    :param tls: folder of the certificate with which HTTPS and WSS are served, made when it is missing; ``None`` serves
        neither.
    :param faults: file of the faults that are armed at the start.
    :param state: file that the account is kept in; what it holds comes before ``start``.
    :param others: accounts beside the first one.
    :param live: the venue whose prices are taken as they are told; goes with ``wall``, and with neither bars nor start.
    :param profile: how kind the market is.
    :param costs: what every account pays; funding rates recorded beside the bars come before the constant one.
    """

    symbols: tuple[str, ...]
    host: str = LOOPBACK
    port: int = 0
    bars: Path | None = None
    seed: int = 0
    start: datetime | None = None
    speed: float = 1.0
    lock_step: Timeframe | None = None
    wall: bool = False
    state: Path | None = None
    tls: Path | None = None
    faults: Path | None = None
    balance: Decimal = Decimal(10_000)
    others: tuple[AnotherAccount, ...] = ()
    half_spread_ticks: int = 0
    costs: Costs = BASE_TIER
    live: LiveVenue | None = None
    profile: ExecutionProfile = ExecutionProfile.REALISTIC

    @property
    def met(self) -> ExecutionProfile:
        """The profile that orders meet: a venue's ticker tells no volumes, of which a realistic fill is a share."""
        return self.profile if self.live is None else ExecutionProfile.IDEAL


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


def build(configuration: Configuration, run_id: str) -> Venue:
    """The exchange as configured, standing at its start, or where its state file has it.

    :param run_id: of a new account; one that is continued keeps its own.
    :raises ConfigurationError: symbols, start, speed, files or state do not fit.
    :raises DataError: recorded bars are unsound.
    """
    symbols = configuration.symbols
    if not symbols or len(set(symbols)) != len(symbols):
        raise ConfigurationError(f"symbols {','.join(symbols)!r} are empty or repeated; name each once")
    names = [account.name for account in configuration.others]
    if not all(names) or len(set(names)) != len(names):
        raise ConfigurationError(f"accounts {','.join(names)!r} are unnamed or repeated; name each once")
    if configuration.wall and (configuration.lock_step is not None or configuration.speed != 1):
        raise ConfigurationError("wall time can be neither stepped nor sped up; leave --speed and --lock-step away")
    if configuration.live is not None and (not configuration.wall or configuration.bars or configuration.start):
        raise ConfigurationError("a venue's prices come at wall time: give --wall, and neither --bars nor --start")
    state = None if configuration.state is None else StateFile(configuration.state, _identity(configuration))
    place = None if state is None else state.place
    if place is None:
        return _assembled(configuration, _new_world(configuration), run_id, state)
    # What was listed once stays listed: the account's history names it.
    listed = (*symbols, *(symbol for symbol in place.symbols if symbol not in symbols))
    continued = replace(configuration, symbols=listed)
    return _assembled(continued, _old_world(continued, place), place.run_id, state)


def assemble(configuration: Configuration, series: dict[str, BarSeries], start: datetime, run_id: str) -> Venue:
    """The exchange on given base bars, without a state file.

    :raises ConfigurationError: start, speed or lock step do not fit.
    """
    return _assembled(configuration, World(series, start, to_ms(start)), run_id, None)


def _assembled(configuration: Configuration, world: World, run_id: str, state: StateFile | None) -> Venue:
    """The exchange in its world, with what the state file holds."""
    check_start(world.clock_start, wall_now())
    moment = Moment(world.now_ms)
    markets = {symbol: _market(configuration, symbol, world, moment) for symbol in world.series}
    costs = configuration.costs
    terms = Terms(
        balance=configuration.balance,
        slippage_bps=costs.slippage_bps,
        half_spread_ticks=configuration.half_spread_ticks,
        funding_rate=costs.funding_rate,
        funding_interval_hours=costs.funding_interval_hours,
        run_id=run_id,
        profile=configuration.met,
        seed=configuration.seed,
    )
    exchange, faults = Exchange(markets, terms, moment), faults_of(configuration.faults)
    for other in configuration.others:
        own = replace(terms, balance=other.balance, run_id=f"{run_id}/{other.name}")
        Exchange(markets, own, moment, beside=exchange)
    if state is not None:
        state.shift_ms = world.shift_ms
        state.restore(exchange)
    origin = _origin(configuration)
    others = [credentials_for(f"{origin}/{other.name}") for other in configuration.others]
    clock, credentials = _clock(configuration, world), credentials_for(origin)
    if configuration.live is None:
        return Venue(exchange, clock, credentials, state, faults, others)
    for symbol, contract in world.contracts.items():
        exchange.funding[symbol] = FundingSchedule(costs.funding_rate, contract.funding_hours)
    # until the venue has told a first price, there is none to trade at
    exchange.suspended.update(markets)
    return Venue(exchange, clock, credentials, state, faults, others, LivePrices(configuration.live))


def _clock(configuration: Configuration, world: World) -> Clock:
    """The clock as configured."""
    if configuration.wall:
        return WallClock()
    if configuration.lock_step is None:
        return FreeClock(world.clock_start, configuration.speed)
    _check_step(configuration.lock_step, world.series)
    return LockStepClock(world.clock_start, configuration.lock_step)


def _origin(configuration: Configuration) -> str:
    """What the account's keys depend on."""
    if configuration.live is not None:
        return configuration.live.rest_url
    return str(configuration.bars.name if configuration.bars else configuration.seed)


def _identity(configuration: Configuration) -> dict[str, str]:
    """What an account cannot be taken away from: its prices, and what it began with."""
    return {
        "bars": _told_bars(configuration),
        "time": "wall" if configuration.wall else "virtual",
        "balance": str(configuration.balance),
        "accounts": ", ".join(f"{other.name} of {other.balance}" for other in configuration.others),
    }


def _told_bars(configuration: Configuration) -> str:
    kind = "venue" if configuration.live is not None else "folder" if configuration.bars else "seed"
    return f"{kind} {_origin(configuration)}"


def _live_world(configuration: Configuration, live: LiveVenue, place: Place | None) -> World:
    """Now; an account that was left has what fell due since then behind it by the first price."""
    costs, now = configuration.costs, wall_now()
    contracts = {one: live.contract(one, costs.maker_fee, costs.taker_fee) for one in configuration.symbols}
    series = {symbol: contract.bars for symbol, contract in contracts.items()}
    return World(series, now, to_ms(now) if place is None else place.now_ms, contracts=contracts)


def _new_world(configuration: Configuration) -> World:
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


def _old_world(configuration: Configuration, place: Place) -> World:
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
    shared = {id(bars.open_ms): bars.open_ms for bars in series.values()}
    moved = {number: times + shift_ms for number, times in shared.items()}
    return {symbol: replace(bars, open_ms=moved[id(bars.open_ms)]) for symbol, bars in series.items()}


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


def _check_step(step: Timeframe, series: dict[str, BarSeries]) -> None:
    """Base bars divide the step."""
    for symbol, bars in series.items():
        if step.ms % bars.step_ms:
            raise ConfigurationError(
                f"bars of {symbol} are {bars.step_ms // 60_000}m; choose a lock step that is a multiple of it"
            )


def _market(configuration: Configuration, symbol: str, world: World, moment: Moment) -> Market:
    """A tradable symbol with the contract that suits its prices, its fees, and the funding that was recorded."""
    if symbol in world.contracts:
        contract = world.contracts[symbol]
        return Market(contract.instrument, LiveWalk(contract.bars, contract.instrument), moment)
    typical_price(symbol)
    bars, costs = world.series[symbol], configuration.costs
    recorded = {} if configuration.bars is None else load_funding(configuration.bars, symbol)
    rates = {at_ms + world.shift_ms: rate for at_ms, rate in recorded.items()}
    first = bars.price(int(bars.open[0]))
    specified = specification(symbol, first, bars.price_decimals, costs.maker_fee, costs.taker_fee)
    return Market(specified, PriceWalk(bars), moment, rates, _references(configuration, symbol, bars, world.shift_ms))


def _references(configuration: Configuration, symbol: str, bars: BarSeries, shift_ms: int) -> dict[str, Basis]:
    """How mark and index part from the last price; not at all under the ideal profile."""
    if configuration.met is ExecutionProfile.IDEAL:
        return {}
    found = {kind: modelled(symbol, kind, configuration.seed) for kind in KINDS}
    if configuration.bars is None:
        return found
    from trading_pipeline.exchange_simulator.recorded_bars import load_reference

    for kind, otherwise in found.items():
        reference = load_reference(configuration.bars, symbol, kind)
        if reference is not None:
            moved = replace(reference, open_ms=reference.open_ms + shift_ms)
            found[kind] = recorded(moved, bars, otherwise)
    return found
