"""Putting an exchange together: bars, clock, account and the state it was left in."""

from dataclasses import replace
from datetime import datetime

from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.timeframes import Timeframe, to_ms
from trading_pipeline.exchange_simulator.authentication import credentials_for
from trading_pipeline.exchange_simulator.bars import BarSeries
from trading_pipeline.exchange_simulator.clock import Clock, FreeClock, LockStepClock, WallClock, check_start, wall_now
from trading_pipeline.exchange_simulator.configuration import Configuration
from trading_pipeline.exchange_simulator.exchange import Exchange, Terms
from trading_pipeline.exchange_simulator.execution_profile import ExecutionProfile
from trading_pipeline.exchange_simulator.faults import faults_of
from trading_pipeline.exchange_simulator.funding_schedule import FundingSchedule
from trading_pipeline.exchange_simulator.markets import market
from trading_pipeline.exchange_simulator.price_walk import Moment
from trading_pipeline.exchange_simulator.state_file import StateFile
from trading_pipeline.exchange_simulator.venue import Venue
from trading_pipeline.exchange_simulator.world import World, new_world, old_world


def build(configuration: Configuration, run_id: str) -> Venue:
    """The exchange as configured, standing at its start, or where its state file has it.

    :param run_id: of a new account; one that is continued keeps its own.
    :raises ConfigurationError: symbols, start, speed, files or state do not fit.
    :raises DataError: recorded bars are unsound.
    """
    symbols = configuration.symbols
    configuration.check()
    state = None if configuration.state is None else StateFile(configuration.state, configuration.identity)
    place = None if state is None else state.place
    if place is None:
        return _assembled(configuration, new_world(configuration), run_id, state)
    # What was listed once stays listed: the account's history names it.
    listed = (*symbols, *(symbol for symbol in place.symbols if symbol not in symbols))
    continued = replace(configuration, symbols=listed)
    return _assembled(continued, old_world(continued, place), place.run_id, state)


def assemble(configuration: Configuration, series: dict[str, BarSeries], start: datetime, run_id: str) -> Venue:
    """The exchange on given base bars, without a state file.

    :raises ConfigurationError: start, speed or lock step do not fit.
    """
    return _assembled(configuration, World(series, start, to_ms(start)), run_id, None)


def _assembled(configuration: Configuration, world: World, run_id: str, state: StateFile | None) -> Venue:
    """The exchange in its world, with what the state file holds."""
    check_start(world.clock_start, wall_now())
    moment = Moment(world.now_ms)
    markets = {symbol: market(configuration, symbol, world, moment) for symbol in world.series}
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
        latency_ms=configuration.latency_ms if configuration.met is ExecutionProfile.REALISTIC else 0,
    )
    exchange, faults = Exchange(markets, terms, moment), faults_of(configuration.faults)
    for other in configuration.others:
        own = replace(terms, balance=other.balance, run_id=f"{run_id}/{other.name}")
        Exchange(markets, own, moment, beside=exchange)
    if state is not None:
        state.shift_ms = world.shift_ms
        state.restore(exchange)
    origin = configuration.origin
    others = [credentials_for(f"{origin}/{other.name}") for other in configuration.others]
    clock, credentials = _clock(configuration, world), credentials_for(origin)
    if configuration.live is None:
        return Venue(exchange, clock, credentials, state, faults, others)
    for symbol, contract in world.contracts.items():
        exchange.funding[symbol] = FundingSchedule(costs.funding_rate, contract.funding_hours)
    # until the venue has told a first price, there is none to trade at
    exchange.suspended.update(markets)
    return Venue(exchange, clock, credentials, state, faults, others, configuration.live)


def _clock(configuration: Configuration, world: World) -> Clock:
    """The clock as configured."""
    if configuration.wall:
        return WallClock()
    if configuration.lock_step is None:
        return FreeClock(world.clock_start, configuration.speed)
    _check_step(configuration.lock_step, world.series)
    return LockStepClock(world.clock_start, configuration.lock_step)


def _check_step(step: Timeframe, series: dict[str, BarSeries]) -> None:
    """Base bars divide the step."""
    for symbol, bars in series.items():
        if step.ms % bars.step_ms:
            raise ConfigurationError(
                f"bars of {symbol} are {bars.step_ms // 60_000}m; choose a lock step that is a multiple of it"
            )
