"""From typed inputs to the flat memory that the compiled loop reads."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trading_pipeline.domain.backtest.codes import Amount, Sizing, Trail
from trading_pipeline.domain.backtest.config import AtrTrail, BacktestConfig, Limits, PivotTrail
from trading_pipeline.domain.backtest.records import RULES, Floats, Integers, Records
from trading_pipeline.domain.backtest.signals import EntrySignals
from trading_pipeline.domain.portfolio.sizing import SizingModel, SizingRule, kelly_fraction
from trading_pipeline.domain.strategies.framework.arrays import BarArrays


@dataclass(frozen=True, slots=True)
class Funding:
    """Funding events of one instrument: time of payment in UTC ms, rate as a fraction of notional."""

    time_ms: Integers
    rate: Floats


@dataclass(frozen=True, slots=True)
class Steps:
    """Steps and bounds of one instrument; 0 is none. Quote currency, base currency.

    :param max_quantity: the largest market order.
    """

    price_increment: float = 0.0
    quantity_increment: float = 0.0
    min_quantity: float = 0.0
    min_notional: float = 0.0
    max_quantity: float = 0.0


@dataclass(frozen=True, slots=True)
class SymbolInput:
    """One instrument's bars and signals, and what some rules need besides.

    :param momentum: one value per bar, for the next-bar exit.
    :param fine_bars: finer bars that prices are walked along where there are any.
    """

    bars: BarArrays
    signals: EntrySignals
    steps: Steps = Steps()
    momentum: Floats | None = None
    funding: Funding | None = None
    fine_bars: BarArrays | None = None


def rules_of(configs: Sequence[BacktestConfig]) -> Records:
    """The configuration of every lane as a row of numbers."""
    return np.concatenate([_rules_row(config) for config in configs])


def _rules_row(config: BacktestConfig) -> Records:
    """One configuration as a row of numbers."""
    rules = np.zeros(1, RULES)
    execution, costs, limits, exits = config.execution, config.costs, config.limits, config.exits
    values: dict[str, float] = {
        "initial_capital": config.initial_capital,
        "timing": execution.timing,
        "path": execution.path,
        "opposite": execution.opposite,
        "max_layers": execution.max_layers,
        "entry_expiry_bars": execution.entry_expiry_bars,
        "maker_fee": costs.maker_fee_bps / 1e4,
        "taker_fee": costs.taker_fee_bps / 1e4,
        "slippage": costs.slippage_bps / 1e4,
        "leverage": limits.max_leverage,
        "margin_rate": 1.0 / limits.max_leverage,
        "maintenance_margin": limits.maintenance_margin,
        "max_open_positions": limits.max_open_positions,
        "max_daily_loss": np.inf if limits.max_daily_loss is None else limits.max_daily_loss,
        "max_drawdown": np.inf if limits.max_drawdown is None else limits.max_drawdown,
        "cooldown_bars": limits.cooldown_bars,
        "target_count": len(exits.targets),
        "target_unit": exits.target_unit,
        # Fractions as they are typed may miss 1 by a last bit; the last target then takes what is left.
        "targets_close_all": sum(target.fraction for target in exits.targets) >= 1.0 - 1e-9,
        "stop_fraction": np.inf if exits.stop_fraction is None else exits.stop_fraction,
        "break_even_after": exits.break_even_after_targets,
        "move_stop_at_close": exits.move_stop_at_close,
        "trail_after": exits.trail_after_targets,
        "next_bar_exit": exits.next_bar_exit,
        "max_holding_bars": exits.max_holding_bars,
    }
    if exits.funding_exit is not None:
        values |= {
            "funding_exit_ms": exits.funding_exit.minutes * 60_000,
            "funding_exit_below_r": exits.funding_exit.below_r,
            "funding_exit_every": exits.funding_exit.every,
        }
    for name, value in (values | _sizing(limits) | _amount(limits.amount) | _trail(config)).items():
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


def _amount(rule: SizingRule | None) -> dict[str, float]:
    """The live sizing model and its bounds; the volatility model's weight comes with every entry."""
    if rule is None:
        return {"amount": Amount.NONE}
    stake = rule.fixed_amount if rule.model is SizingModel.FIXED else rule.fraction
    if rule.model is SizingModel.KELLY:
        stake = min(kelly_fraction(rule.win_rate, rule.average_win_pct, rule.average_loss_pct), rule.fraction)
    return {
        "amount": Amount.FIXED if rule.model is SizingModel.FIXED else Amount.SHARE,
        "amount_stake": float(stake),
        # 0 sets no bound, and `or` turns it into one that nothing reaches.
        "amount_share": float(rule.max_balance_share) or np.inf,
        "min_amount": float(rule.min_amount),
        "max_amount": float(rule.max_amount) or np.inf,
    }


def _trail(config: BacktestConfig) -> dict[str, float]:
    """The runner's rule and its numbers."""
    rule = config.exits.trail
    if rule is None:
        return {"trail": Trail.NONE}
    if isinstance(rule, AtrTrail):
        return {"trail": Trail.ATR, "trail_distance": rule.multiple, "trail_every": rule.every}
    if isinstance(rule, PivotTrail):
        return {"trail": Trail.PIVOT, "trail_every": rule.every}
    numbers = {"trail_distance": rule.offset, "trail_activation": rule.activation, "trail_every": rule.every}
    return {"trail": Trail.PERCENT, **numbers}
