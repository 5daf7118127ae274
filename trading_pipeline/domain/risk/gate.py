"""The gate: every rule, then the size; the first objection decides."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from operator import attrgetter

from trading_pipeline.domain.model.errors import OrderDenied
from trading_pipeline.domain.model.orders import OrderIntent, OrderType, Purpose, Side, order_link_id
from trading_pipeline.domain.risk.entry import EntryDecision, EntryQuestion
from trading_pipeline.domain.risk.entry_size import cap_findings, entry_quantities, refuse_small
from trading_pipeline.domain.risk.finding import Action, Finding
from trading_pipeline.domain.risk.limits import RiskLimits
from trading_pipeline.domain.risk.rules.base import EntryRule, Rule
from trading_pipeline.domain.risk.rules.catalog import ENTRY_RULES, SIZE_RULES
from trading_pipeline.domain.risk.rules.portfolio_rules import replaced


def decide_entry(question: EntryQuestion, run_id: str, rules: tuple[EntryRule, ...] = ENTRY_RULES) -> EntryDecision:
    """The first order of a plan's entry, with the plan's stop attached. It opens a position or adds to one.

    The first rule that denies ends the questions; warnings and reductions before it are kept.
    """
    findings: list[Finding] = []
    for rule in rules:
        finding = rule.judge(question)
        if finding is not None:
            findings.append(finding)
            if finding.action is Action.DENY:
                return EntryDecision(None, tuple(findings))
    shorter = replaced(question)
    if shorter is not None:
        # Its size depends on what closing the other leaves, so nothing is decided before that.
        return EntryDecision(None, tuple(findings), shorter.position_id)
    try:
        quantities = _sized(question, findings)
    except OrderDenied as denial:
        found = Finding(denial.rule, Action.DENY, denial.reason, denial.value, denial.limit)
        return EntryDecision(None, (*findings, found))
    first = _intent(question, quantities[0], run_id)
    return EntryDecision(first, tuple(findings), levels=_levels(question, first, quantities[1:]))


def live_only(limits: RiskLimits) -> tuple[str, ...]:
    """Rules that these limits switch on and that no backtest asks, in the order they are asked.

    Where they deny or reduce, the live account differs from a backtest of the same configuration.
    """
    rules: tuple[Rule, ...] = (*ENTRY_RULES, *SIZE_RULES)
    return tuple(rule.name for rule in rules if rule.key and not rule.backtested and attrgetter(rule.key)(limits))


def _sized(question: EntryQuestion, findings: list[Finding]) -> tuple[Decimal, ...]:
    """Base currency of every entry; what reduced it joins ``findings``.

    Rules of size judge all entries together, as they may all fill. Shares of different rules do not multiply: the
    smallest counts. Every reduction is rounded down to the lot.

    :raises OrderDenied: too little is left, or the quantity itself is objected to.
    """
    plan, balance, instrument = question.plan, question.balance, question.instrument
    if instrument is None or balance is None:
        # The rules have asked already; asked again because `rules` may be others, and for the type checker.
        raise OrderDenied("balance", f"without a balance nothing of {plan.instrument_id} can be sized")
    pending, limits = question.facts.pending_notional, question.limits
    keeps = min((finding.keeps for finding in findings), default=Decimal(1))
    findings += cap_findings(plan, balance, instrument, limits, pending)
    asked = entry_quantities(plan, balance, instrument, limits, pending)
    quantities = tuple(instrument.floor_quantity(one * keeps) for one in asked)
    refuse_small(quantities[0], plan, instrument, limits)
    for rule in SIZE_RULES:
        together = sum(quantities, Decimal(0))
        finding = rule.judge(question, together)
        if finding is None:
            continue
        if finding.action is Action.DENY:
            raise OrderDenied(finding.rule, finding.sentence, finding.value, finding.limit)
        findings.append(finding)
        if finding.most is not None:
            most = min(finding.most, together)
            quantities = tuple(instrument.floor_quantity(one * most / together) for one in quantities)
            # Again after every reduction: each may leave less than the venue takes, and nothing is ever raised.
            refuse_small(quantities[0], plan, instrument, limits)
    return quantities


def _levels(question: EntryQuestion, first: OrderIntent, quantities: Sequence[Decimal]) -> tuple[OrderIntent, ...]:
    """The plan's further entries as layers of its position; one that the venue would not take is left out."""
    plan, instrument = question.plan, question.instrument
    if instrument is None:
        return ()
    found = []
    for number, (level, quantity) in enumerate(zip(plan.levels, quantities, strict=True), start=2):
        price = instrument.round_price(level.price)
        if quantity < instrument.min_quantity or quantity * price < instrument.min_notional:
            continue
        found.append(
            replace(
                first,
                order_link_id=order_link_id(plan.plan_id, Purpose.ENTRY, layer=number),
                order_type=OrderType.LIMIT,
                quantity=quantity,
                price=price,
                valid_until=level.valid_until,
                layer=number,
                continues=False,
            )
        )
    return tuple(found)


def _intent(question: EntryQuestion, quantity: Decimal, run_id: str) -> OrderIntent:
    plan, adds_to = question.plan, question.facts.adds_to
    stop, price, order = plan.stop_price, plan.entry_price, plan.entry_order
    # A price between ticks would be refused; the quantity was computed to this rounded stop.
    if question.instrument is not None:
        stop, price = question.instrument.round_price(stop), question.instrument.round_price(price)
    return OrderIntent(
        order_link_id=order_link_id(plan.plan_id, Purpose.ENTRY),
        account_id=question.facts.account_id,
        plan_id=plan.plan_id,
        purpose=Purpose.ENTRY,
        instrument_id=plan.instrument_id,
        side=Side.opening(plan.bias),
        order_type=order.order_type,
        quantity=quantity,
        price=price if order.order_type is OrderType.LIMIT else None,
        stop_loss=stop,
        reduce_only=False,
        valid_until=plan.valid_until,
        run_id=run_id,
        layer=1 if adds_to is None else adds_to.next_layer,
        continues=order.continues(0),
    )
