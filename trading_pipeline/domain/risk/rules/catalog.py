"""Which rules the gate asks, in which order.

What stops the account; what makes the plan unfit; the objections of ``docs/lifecycle.md`` in its order, so that a
signal has the outcome that a backtest gives it; what only the live account knows; the size. The rules are listed in
``docs/risk_gate.md``.
"""

from trading_pipeline.domain.risk.rules import (
    account_rules,
    activity_rules,
    condition_rules,
    cooldown_rules,
    halt_rules,
    loss_rules,
    market_rules,
    plan_rules,
    portfolio_rules,
    size_rules,
)
from trading_pipeline.domain.risk.rules.base import EntryRule, SizeRule

# The order is part of the behaviour: the first objection is the outcome that is stored and compared with backtests.
ENTRY_RULES: tuple[EntryRule, ...] = (
    halt_rules.KillSwitch(),
    halt_rules.NotHalted(),
    halt_rules.NotPaused(),
    halt_rules.CircuitLatched(),
    plan_rules.NotExpired(),
    plan_rules.WellFormed(),
    plan_rules.Listed(),
    plan_rules.Tradable(),
    plan_rules.SoundBar(),
    plan_rules.SizedAsConfigured(),
    plan_rules.StopOnLosingSide(),
    plan_rules.NotSpentOnClosing(),
    cooldown_rules.AntiChurn(),
    portfolio_rules.OnePositionPerSymbol(),
    portfolio_rules.NoOppositePosition(),
    portfolio_rules.MaxOpenPositions(),
    cooldown_rules.Cooldown(),
    account_rules.FreshWallet(),
    account_rules.Funded(),
    loss_rules.MaxDailyLoss(),
    halt_rules.CircuitHard(),
    halt_rules.CircuitSoft(),
    loss_rules.MaxDailyLossAmount(),
    loss_rules.MaxDrawdown(),
    loss_rules.LossStreak(),
    activity_rules.MaxOrders5m(),
    activity_rules.MaxTurnover5m(),
    activity_rules.MaxOrdersDay(),
    activity_rules.MaxTurnoverDay(),
    cooldown_rules.RestAfterEntry(),
    cooldown_rules.RestAfterLoss(),
    portfolio_rules.PerBaseLimit(),
    portfolio_rules.CorrelatedPositions(),
    portfolio_rules.TotalRiskR(),
    portfolio_rules.TotalRiskAmount(),
    portfolio_rules.SymbolRiskR(),
    loss_rules.StreakSize(),
    condition_rules.NewsWindow(),
    condition_rules.HighVolatility(),
    condition_rules.RegimeAllows(),
    market_rules.BookKnown(),
    market_rules.FreshBook(),
    market_rules.NarrowSpread(),
    market_rules.FreshBar(),
    market_rules.FundingKnown(),
    market_rules.FundingFarEnough(),
    market_rules.DeepBook(),
    condition_rules.SpreadCap(),
    condition_rules.FundingWindow(),
)
SIZE_RULES: tuple[SizeRule, ...] = (
    size_rules.MaxStake(),
    size_rules.MaxAccountLeverage(),
    size_rules.MaxOrderValue(),
    size_rules.MinOrderValue(),
    # Last: how far an order reaches into the book depends on the size that the others leave.
    size_rules.SlippageCap(),
)
