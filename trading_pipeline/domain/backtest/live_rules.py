"""The engine's rules for a lifecycle: what the pipeline does, in the engine's words."""

from trading_pipeline.domain.backtest.codes import EntriesBy, Opposite, Smoothing
from trading_pipeline.domain.backtest.config import (
    AtrTrail,
    BacktestConfig,
    Costs,
    Execution,
    Exits,
    ExitTarget,
    FundingExit,
    Limits,
    PercentTrail,
    PivotTrail,
    Trail,
)
from trading_pipeline.domain.lifecycle.lifecycle import Lifecycle
from trading_pipeline.domain.model.plans import FundingExitRule, Runner, TrailAt, TrailRule
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.strategies.framework.trade_rules import TradeRules

DEFAULT_CAPITAL = 10_000.0
"""Quote currency; what the simulated exchange gives an account too."""
AT_ONCE = TradeRules()
"""One entry at the close."""
# The engine has no word for "no limit" here, and no universe has as many instruments.
_ANY_NUMBER = 10_000


def live_rules(
    lifecycle: Lifecycle,
    finest_ms: int,
    capital: float = DEFAULT_CAPITAL,
    timeframe: Timeframe | None = None,
    entry: TradeRules = AT_ONCE,
) -> BacktestConfig:
    """Every part of a lifecycle as a rule of the engine.

    Limits that only the live gate asks have no part in it; ``docs/risk_gate.md`` says which they are.

    :param finest_ms: length in milliseconds of the finest bars there are, at whose closes ``trail_at: finest`` moves
        the stop.
    :param capital: quote currency.
    :param timeframe: of the strategy's bars, where its cooldown may be its own; ``None`` takes the one of all.
    :param entry: of the strategy, which may enter at several prices.
    """
    in_levels = entry.entry_levels > 1
    limits, costs, rules = lifecycle.limits, lifecycle.costs, lifecycle.exit_rules
    return BacktestConfig(
        initial_capital=capital,
        execution=Execution(
            opposite=Opposite[rules.opposite.name],
            max_layers=entry.entry_levels if in_levels else rules.max_layers,
            entry_expiry_bars=entry.entry_valid_bars if in_levels else limits.plan_ttl_bars,
        ),
        costs=Costs(
            maker_fee_bps=float(costs.maker_fee_bps),
            taker_fee_bps=float(costs.taker_fee_bps),
            slippage_bps=float(costs.slippage_bps),
            funding_rate=float(costs.funding_rate),
            funding_hours=costs.funding_interval_hours,
        ),
        limits=Limits(
            risk_per_trade=float(limits.risk_per_trade),
            amount=limits.sizing,
            max_open_positions=limits.max_open_positions or _ANY_NUMBER,
            max_leverage=float(limits.max_leverage),
            max_daily_loss=float(limits.max_daily_loss) or None,
            cooldown_bars=limits.cooldown_bars if timeframe is None else limits.cooldown_of(timeframe),
            entries_by=EntriesBy[limits.entries_by.name],
        ),
        exits=Exits(
            targets=tuple(ExitTarget(float(one.r_multiple), float(one.fraction)) for one in lifecycle.targets),
            break_even_after_targets=rules.break_even_after_targets,
            trail=_trail(lifecycle.runner, finest_ms),
            # Live the runner's stop takes over when the last target has filled.
            trail_after_targets=len(lifecycle.targets),
            next_bar_exit=lifecycle.next_bar_exit,
            strategy_exits=rules.strategy_exits,
            funding_exit=_funding_exit(rules.funding_exit, finest_ms),
        ),
    )


def _funding_exit(rule: FundingExitRule | None, finest_ms: int) -> FundingExit | None:
    """Asked live at every wave, whose closes are those of the finest bars."""
    return None if rule is None else FundingExit(rule.minutes, float(rule.below_r), finest_ms)


def _trail(runner: Runner, finest_ms: int) -> Trail:
    """The runner's rule; none where the targets leave nothing to run."""
    every = finest_ms if runner.trail_at is TrailAt.FINEST else 0
    if runner.fraction == 0 or runner.trail is TrailRule.NONE:
        return None
    if runner.trail is TrailRule.PIVOT:
        return PivotTrail(every=every)
    if runner.trail is TrailRule.PERCENT:
        return PercentTrail(float(runner.activation), float(runner.offset), every)
    smoothing = Smoothing.WILDER if runner.trail is TrailRule.ATR else Smoothing.SIMPLE
    return AtrTrail(float(runner.atr_multiple), runner.atr_period, smoothing, every)
