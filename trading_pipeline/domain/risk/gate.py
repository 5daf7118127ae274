"""The gate: every rule, then the size; the first objection decides.

What makes a plan unfit comes first, then the objections of ``docs/lifecycle.md`` in its order, so that a signal has
the outcome that a backtest gives it.
"""

from trading_pipeline.domain.model.errors import OrderDenied
from trading_pipeline.domain.model.orders import OrderIntent, OrderType, Purpose, Side, order_link_id
from trading_pipeline.domain.risk.entry import EntryQuestion
from trading_pipeline.domain.risk.entry_size import entry_quantity
from trading_pipeline.domain.risk.rules import account_rules, market_rules, plan_rules
from trading_pipeline.domain.risk.rules.base import EntryRule

# The order is part of the behaviour: the first objection is the outcome that is stored and compared with backtests.
ENTRY_RULES: tuple[EntryRule, ...] = (
    account_rules.NotHalted(),
    plan_rules.NotExpired(),
    plan_rules.Listed(),
    plan_rules.SoundBar(),
    plan_rules.SizedAsConfigured(),
    plan_rules.StopOnLosingSide(),
    plan_rules.NotSpentOnClosing(),
    account_rules.OnePositionPerSymbol(),
    account_rules.MaxOpenPositions(),
    account_rules.Cooldown(),
    account_rules.FreshWallet(),
    account_rules.Funded(),
    account_rules.MaxDailyLoss(),
    market_rules.BookKnown(),
    market_rules.FreshBook(),
    market_rules.NarrowSpread(),
    market_rules.FreshBar(),
    market_rules.FundingKnown(),
    market_rules.FundingFarEnough(),
    market_rules.DeepBook(),
)


def decide_entry(question: EntryQuestion, run_id: str, rules: tuple[EntryRule, ...] = ENTRY_RULES) -> OrderIntent:
    """The entry to send for a plan: a market order with the plan's stop attached. It opens a position or adds to one.

    :raises OrderDenied: with the first rule that objects and its reason.
    """
    for rule in rules:
        reason = rule.objection(question)
        if reason is not None:
            raise OrderDenied(rule.name, reason)
    plan, balance, instrument = question.plan, question.balance, question.instrument
    if instrument is None or balance is None:
        # The rules have asked already; asked again because `rules` may be others, and for the type checker.
        raise OrderDenied("balance", f"without a balance nothing of {plan.instrument_id} can be sized")
    adds_to = question.facts.adds_to
    return OrderIntent(
        order_link_id=order_link_id(plan.plan_id, Purpose.ENTRY),
        account_id=question.facts.account_id,
        plan_id=plan.plan_id,
        purpose=Purpose.ENTRY,
        instrument_id=plan.instrument_id,
        side=Side.opening(plan.bias),
        order_type=OrderType.MARKET,
        quantity=entry_quantity(plan, balance, instrument, question.limits, question.facts.pending_notional),
        price=None,
        stop_loss=instrument.round_price(plan.stop_price),
        reduce_only=False,
        valid_until=plan.valid_until,
        run_id=run_id,
        layer=1 if adds_to is None else adds_to.next_layer,
    )
