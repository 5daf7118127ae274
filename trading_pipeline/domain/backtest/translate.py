"""From typed inputs to the flat memory that the compiled loop reads."""

from dataclasses import dataclass

import numpy as np

from trading_pipeline.domain.backtest.codes import Sizing, Smoothing, Trail
from trading_pipeline.domain.backtest.config import (
    AtrTrail,
    BacktestConfig,
    Limits,
    PercentTrail,
    PivotTrail,
    VolatilitySizing,
)
from trading_pipeline.domain.backtest.magnifier import fine_prices
from trading_pipeline.domain.backtest.records import (
    ENTRY,
    RULES,
    Book,
    Column,
    Floats,
    Integers,
    Market,
    Records,
    read_only,
)
from trading_pipeline.domain.backtest.signals import EntrySignals
from trading_pipeline.domain.indicators.pivots import last_pivot_price, pivot_highs, pivot_lows
from trading_pipeline.domain.indicators.volatility import atr, atr_simple
from trading_pipeline.domain.model.errors import ConfigurationError, DataError
from trading_pipeline.domain.portfolio.sizing import LEAST_VOLATILITY_PCT
from trading_pipeline.domain.strategies.arrays import BarArrays

_NONE = np.empty(0)


@dataclass(frozen=True, slots=True)
class Funding:
    """Funding events of one symbol: time of payment in UTC ms, rate as a fraction of notional."""

    time_ms: Integers
    rate: Floats


@dataclass(frozen=True, slots=True)
class Steps:
    """Steps and minima of one instrument; 0 is none. Quote currency, base currency."""

    price_increment: float = 0.0
    quantity_increment: float = 0.0
    min_quantity: float = 0.0
    min_notional: float = 0.0


@dataclass(frozen=True, slots=True)
class SymbolInput:
    """One symbol's bars and signals, and what some rules need besides.

    :param momentum: one value per bar, for the next-bar exit.
    :param fine_bars: 1m bars that the walk inside a bar uses where there are any.
    """

    bars: BarArrays
    signals: EntrySignals
    steps: Steps = Steps()
    momentum: Floats | None = None
    funding: Funding | None = None
    fine_bars: BarArrays | None = None


def rules_of(config: BacktestConfig) -> Records:
    """The configuration as one row of numbers."""
    rules = np.zeros(1, RULES)
    execution, costs, limits, exits = config.execution, config.costs, config.limits, config.exits
    values: dict[str, float] = {
        "initial_capital": config.initial_capital,
        "timing": execution.timing,
        "path": execution.path,
        "trigger_on_entry_bar": execution.trigger_on_entry_bar,
        "opposite": execution.opposite,
        "max_layers": execution.max_layers,
        "entry_expiry_bars": execution.entry_expiry_bars,
        "maker_fee": costs.maker_fee_bps / 1e4,
        "taker_fee": costs.taker_fee_bps / 1e4,
        "slippage": costs.slippage_bps / 1e4,
        "leverage": limits.max_leverage,
        "maintenance_margin": limits.maintenance_margin,
        "max_open_positions": limits.max_open_positions,
        "max_daily_loss": np.inf if limits.max_daily_loss is None else limits.max_daily_loss,
        "max_drawdown": np.inf if limits.max_drawdown is None else limits.max_drawdown,
        "cooldown_bars": limits.cooldown_bars,
        "target_count": len(exits.targets),
        "target_unit": exits.target_unit,
        "targets_close_all": sum(target.fraction for target in exits.targets) >= 1.0 - 1e-9,
        "stop_fraction": np.inf if exits.stop_fraction is None else exits.stop_fraction,
        "break_even_after": exits.break_even_after_targets,
        "move_stop_at_close": exits.move_stop_at_close,
        "trail_after": exits.trail_after_targets,
        "next_bar_exit": exits.next_bar_exit,
        "max_holding_bars": exits.max_holding_bars,
    }
    for name, value in (values | _sizing(limits) | _trail(config)).items():
        rules[name] = value
    for j, target in enumerate(exits.targets):
        rules["target_distance"][0, j], rules["target_fraction"][0, j] = target.distance, target.fraction
    return rules


def _sizing(limits: Limits) -> dict[str, float]:
    """The sizing rule that is set, and its number."""
    if limits.volatility is not None:
        return {"sizing": Sizing.CASH_FRACTION, "stake": limits.volatility.fraction}
    if limits.kelly is not None:
        return {"sizing": Sizing.CASH_FRACTION, "stake": limits.kelly.stake}
    if limits.cash_fraction is not None:
        return {"sizing": Sizing.CASH_FRACTION, "stake": limits.cash_fraction}
    if limits.fixed_margin is not None:
        return {"sizing": Sizing.FIXED_MARGIN, "stake": limits.fixed_margin}
    return {"sizing": Sizing.RISK, "stake": limits.risk_per_trade or 0.0}


def _trail(config: BacktestConfig) -> dict[str, float]:
    """The runner's rule and its numbers."""
    rule = config.exits.trail
    if isinstance(rule, AtrTrail):
        return {"trail": Trail.ATR, "trail_distance": rule.multiple}
    if isinstance(rule, PercentTrail):
        return {"trail": Trail.PERCENT, "trail_distance": rule.offset, "trail_activation": rule.activation}
    return {"trail": Trail.NONE if rule is None else Trail.PIVOT}


def entries_of(inputs: list[SymbolInput], first: Integers, wave: Integers) -> Records:
    """All signals as rows, by wave and then symbol; ``first`` and ``wave`` as in ``Market``."""
    rows = np.zeros(sum(len(one.signals) for one in inputs), ENTRY)
    end = 0
    for symbol, one in enumerate(inputs):
        signals, start = one.signals, end
        end += len(signals)
        if len(signals) and not (signals.bar_index[0] >= 0 and signals.bar_index[-1] < len(one.bars)):
            raise DataError(f"signals at bars {signals.bar_index[0]} to {signals.bar_index[-1]} of {len(one.bars)}")
        part = rows[start:end]
        part["symbol"], part["bar"] = symbol, first[symbol] + signals.bar_index
        part["direction"], part["kind"], part["stop"] = signals.direction, signals.kinds(), signals.stop_price
        part["price"] = np.nan if signals.limit_price is None else signals.limit_price
        part["quantity"] = np.nan if signals.quantity is None else signals.quantity
        part["share"] = 1.0 if signals.share is None else signals.share
        part["level"] = 0 if signals.level is None else signals.level
    rows["wave"] = wave[rows["bar"]]
    return rows if len(inputs) == 1 else rows[np.lexsort((rows["symbol"], rows["wave"]))]


def calm_of(bars: list[BarArrays], rule: VolatilitySizing) -> Floats:
    """At every bar of all symbols, the factor by which the rule weighs an entry; NaN while the ATR is unknown."""
    percent = _joined([100.0 * atr(one.high, one.low, one.close, rule.period) / one.close for one in bars])
    return rule.target_pct / np.maximum(percent, float(LEAST_VOLATILITY_PCT))


def market_of(inputs: list[SymbolInput], config: BacktestConfig) -> Market:
    """Bars of all symbols, end to end, with the series that the rules use."""
    bars = [one.bars for one in inputs]
    first = np.concatenate([[0], np.cumsum([len(one) for one in bars])]).astype(np.int64)
    close_ms = bars[0].close_time_ms
    wave = np.arange(len(close_ms))
    if len(bars) > 1:
        close_ms, wave = np.unique(_joined([one.close_time_ms for one in bars]), return_inverse=True)
    close = _joined([one.close for one in bars])
    trail = config.exits.trail
    ranges = _joined([_atr(one, trail) for one in bars]) if isinstance(trail, AtrTrail) else close
    lows, highs = close, close
    if isinstance(trail, PivotTrail):
        lows, highs = (_joined([_pivots(one, trail, side) for one in bars]) for side in ("low", "high"))
    fine_first, fine = fine_prices([(one.bars, one.fine_bars) for one in inputs])
    return Market(
        first=read_only(first),
        wave=read_only(wave.astype(np.int64, copy=False)),
        open=read_only(_joined([one.open for one in bars])),
        high=read_only(_joined([one.high for one in bars])),
        low=read_only(_joined([one.low for one in bars])),
        close=read_only(close),
        close_ms=read_only(close_ms),
        atr=read_only(ranges),
        pivot_low=read_only(lows),
        pivot_high=read_only(highs),
        momentum=read_only(_momentum(inputs) if config.exits.next_bar_exit else close),
        funding_rate=read_only(_funding(inputs)),
        fine_first=read_only(fine_first),
        fine_open=read_only(fine[0]),
        fine_high=read_only(fine[1]),
        fine_low=read_only(fine[2]),
        fine_close=read_only(fine[3]),
    )


def steps_into(book: Book, inputs: list[SymbolInput]) -> None:
    """Give the symbols their instruments' steps."""
    for symbol, one in enumerate(inputs):
        for name in ("price_increment", "quantity_increment", "min_quantity", "min_notional"):
            book.positions[name][symbol] = getattr(one.steps, name)


def _joined(columns: list[Column]) -> Column:
    """End to end, without a copy when there is one symbol."""
    return columns[0] if len(columns) == 1 else np.concatenate(columns)


def _atr(bars: BarArrays, rule: AtrTrail) -> Floats:
    """The runner's average true range."""
    average = atr if rule.smoothing == Smoothing.WILDER else atr_simple
    return average(bars.high, bars.low, bars.close, rule.period)


def _pivots(bars: BarArrays, rule: PivotTrail, side: str) -> Floats:
    """Price of the newest pivot known at each close."""
    price = bars.low if side == "low" else bars.high
    find = pivot_lows if side == "low" else pivot_highs
    return last_pivot_price(price, find(price, rule.left, rule.right), rule.right)


def _momentum(inputs: list[SymbolInput]) -> Floats:
    """The momentum series of all symbols."""
    series = [one.momentum for one in inputs if one.momentum is not None and len(one.momentum) == len(one.bars)]
    if len(series) < len(inputs):
        raise ConfigurationError("next_bar_exit needs a momentum series with one value per bar for every symbol")
    return np.concatenate(series)


def _funding(inputs: list[SymbolInput]) -> Floats:
    """Per bar the sum of the rates paid after its open and up to its close; empty without any events."""
    if all(one.funding is None for one in inputs):
        return _NONE
    parts: list[Floats] = []
    for one in inputs:
        rates = np.zeros(len(one.bars))
        if one.funding is not None:
            bar = np.searchsorted(one.bars.close_time_ms, one.funding.time_ms, side="left")
            inside = bar < len(one.bars)
            inside[inside] = one.funding.time_ms[inside] > one.bars.open_time_ms[bar[inside]]
            np.add.at(rates, bar[inside], one.funding.rate[inside])
        parts.append(rates)
    return np.concatenate(parts)
