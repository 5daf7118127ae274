"""Rules about the plan itself and the bar it was made at."""

import re
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from trading_pipeline.domain.model.checks import CheckName
from trading_pipeline.domain.model.orders import TAKE_PROFITS
from trading_pipeline.domain.model.plans import TradePlan
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline.domain.risk.entry import EntryQuestion
from trading_pipeline.domain.risk.entry_size import sizing_inputs
from trading_pipeline.domain.risk.finding import Finding
from trading_pipeline.domain.risk.rules.base import EntryRule


class NotExpired(EntryRule):
    """The plan is still valid at venue time, and its bar is not older than plans may be."""

    name = "expiry"

    def judge(self, question: EntryQuestion) -> Finding | None:
        """Late is too late: the market the plan was made for is gone."""
        plan = question.plan
        # By the bar, too: a plan of yesterday that says it is valid for years is as old as any other.
        until = min(plan.valid_until, plan.close_time + question.limits.plan_ttl_bars * plan.timeframe.duration)
        if question.now <= until:
            return None
        return self.deny(f"the plan was valid until {until:%Y-%m-%d %H:%M:%S} UTC")


class WellFormed(EntryRule):
    """Its numbers are numbers, its bar has closed, targets are ahead, further entries lie between entry and stop."""

    name = "plan_numbers"

    def judge(self, question: EntryQuestion) -> Finding | None:
        """Before any rule counts with them: one plan that nobody can compute with must not stop the others."""
        plan = question.plan
        # Venue time is an estimate, and a close is known to whoever was told of it.
        if plan.close_time > question.now + _AHEAD:
            return self.deny(f"the plan's bar closes at {plan.close_time:%Y-%m-%d %H:%M:%S} UTC, which is to come")
        wrong = next(_nonsense(plan), "")
        return self.deny(f"nobody can have meant {wrong}") if wrong else None


_AHEAD = timedelta(seconds=5)
_NAMED = re.compile(r"[0-9A-Za-z-]{1,24}")
"""An id and the longest ending, of those that plans ever had."""


def _nonsense(plan: TradePlan) -> Iterator[str]:
    """What is wrong with the plan's numbers; whoever asks stops at the first."""
    for name, number in _numbers(plan):
        if not number.is_finite():
            yield f"a plan whose {name} is {number}"
    if not _NAMED.fullmatch(plan.plan_id):
        yield f"a plan called {plan.plan_id[:40]!r}: no venue takes an order of that name"
    if plan.entry_price <= 0:
        yield f"an entry at {plan.entry_price}"
    if len(plan.targets) > len(TAKE_PROFITS):
        yield f"{len(plan.targets)} targets, of which {len(TAKE_PROFITS)} can be sent"
    for target in plan.targets:
        if target.r_multiple <= 0 or target.fraction < 0:
            yield f"a target at {target.r_multiple} R for {target.fraction} of the position"
    yield from _nonsense_in_levels(plan)


def _nonsense_in_levels(plan: TradePlan) -> Iterator[str]:
    low, high = sorted((plan.entry_price, plan.stop_price))
    for level in plan.levels:
        if not low <= level.price <= high:
            yield f"a further entry at {level.price}, between {plan.entry_price} and {plan.stop_price} it is not"
        if level.share <= 0:
            yield f"a further entry that risks {level.share} of the plan's risk"


def _numbers(plan: TradePlan) -> Iterator[tuple[str, Decimal]]:
    yield from (("entry", plan.entry_price), ("stop", plan.stop_price), ("score", plan.score))
    for target in plan.targets:
        yield from (("target", target.r_multiple), ("target's part", target.fraction))
    for level in plan.levels:
        yield from (("level", level.price), ("level's part", level.share))
    runner = plan.runner
    yield from (("runner", one) for one in (runner.fraction, runner.atr_multiple, runner.activation, runner.offset))
    if plan.sizing is not None and plan.sizing.volatility_pct is not None:
        yield "volatility", plan.sizing.volatility_pct


class Listed(EntryRule):
    """The venue lists the instrument."""

    name = "instrument"

    def judge(self, question: EntryQuestion) -> Finding | None:
        """What it does not list has neither steps nor a currency to be settled in."""
        if question.instrument is not None:
            return None
        return self.deny(f"the venue lists no instrument {question.plan.instrument_id}")


class Tradable(EntryRule):
    """The instrument is in trading, and no end of it is announced."""

    name = "not_tradable"

    def judge(self, question: EntryQuestion) -> Finding | None:
        """Who enters has to be able to leave."""
        reason = "" if question.instrument is None else question.instrument.no_entry
        return self.deny(f"{question.plan.instrument_id} cannot be entered: {reason}") if reason else None


class SoundBar(EntryRule):
    """Every check of the exact bar was made and passed."""

    name = "data_checks"

    def judge(self, question: EntryQuestion) -> Finding | None:
        """A check nobody made counts as failed."""
        # Asked of the names there are, not of the rows that were found: a check that was never stored has no row.
        made = {check.name: check for check in question.facts.checks}
        missing = sorted(name for name in CheckName if name not in made)
        if missing:
            return self.deny(f"no verdict about the bar: {', '.join(missing)}")
        failed = [check for check in question.facts.checks if not check.passed]
        if failed:
            return self.deny("; ".join(f"{check.name} failed: {check.detail}" for check in failed))
        return None


class StopOnLosingSide(EntryRule):
    """The stop as the venue will hold it is below the entry of a long, above that of a short, and above zero."""

    name = "stop_side"
    backtested = True

    def judge(self, question: EntryQuestion) -> Finding | None:
        """Compare the two prices of the plan, the stop in whole ticks where the instrument is known."""
        plan, instrument = question.plan, question.instrument
        stop = plan.stop_price if instrument is None else instrument.round_price(plan.stop_price)
        distance = plan.entry_price - stop
        # In whole ticks the stop of a cheap coin may meet its entry, or zero.
        if (distance if plan.bias is Bias.LONG else -distance) > 0 and stop > 0:
            return None
        return self.deny(f"stop {stop} protects nothing of a {plan.bias} entered at {plan.entry_price}")


class NotSpentOnClosing(EntryRule):
    """The plan's signal did not close a position where closing is all it is to do (``opposite: close``)."""

    name = "closed_opposite"
    backtested = True

    def judge(self, question: EntryQuestion) -> Finding | None:
        """Name the position that the signal closed."""
        closed = question.facts.closed_by_signal
        return self.deny(f"the signal closed position {closed}, and enters nothing") if closed else None


class SizedAsConfigured(EntryRule):
    """The plan was made under the sizing that is in force now."""

    name = "sizing"

    def judge(self, question: EntryQuestion) -> Finding | None:
        """So the quantity of every order follows from its plan, and a lowered risk counts at once."""
        made, in_force = question.plan.sizing, sizing_inputs(question.limits)
        if made is None:
            return self.deny("the plan does not say how it is sized; it was stored by an older version")
        # Without the volatility, which is the bar's own and stands in no configuration.
        if (made.model, made.numbers) == (in_force.model, in_force.numbers):
            return None
        return self.deny(f"the plan was sized by {made}; config/risk.yaml says {in_force}")
