"""The market of a symbol: its contract, its prices and what they are settled by."""

from dataclasses import replace

from trading_pipeline.exchange_simulator.bars import BarSeries
from trading_pipeline.exchange_simulator.configuration import Configuration
from trading_pipeline.exchange_simulator.exchange import Market
from trading_pipeline.exchange_simulator.execution_profile import ExecutionProfile
from trading_pipeline.exchange_simulator.instruments import specification, typical_price
from trading_pipeline.exchange_simulator.intervals import DAY_MS
from trading_pipeline.exchange_simulator.live_prices import LiveWalk
from trading_pipeline.exchange_simulator.price_walk import Moment, PriceWalk
from trading_pipeline.exchange_simulator.recorded_funding import load_funding
from trading_pipeline.exchange_simulator.reference_prices import KINDS, Basis, modelled, recorded
from trading_pipeline.exchange_simulator.world import World


def market(configuration: Configuration, symbol: str, world: World, moment: Moment) -> Market:
    """A tradable symbol with the contract that suits its prices, its fees, and the funding that was recorded."""
    if symbol in world.contracts:
        contract = world.contracts[symbol]
        live = Market(contract.instrument, LiveWalk(contract.bars, contract.instrument), moment)
        live.tiers = contract.tiers
        return live
    typical_price(symbol)
    bars, costs = world.series[symbol], configuration.costs
    recorded = {} if configuration.bars is None else load_funding(configuration.bars, symbol)
    rates = {at_ms + world.shift_ms: rate for at_ms, rate in recorded.items()}
    first = bars.price(int(bars.base_of(DAY_MS).open[0]))
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
