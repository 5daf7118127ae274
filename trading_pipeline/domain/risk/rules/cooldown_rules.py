"""Rules about rests: after a stop, after an entry, after a loss, and of one side of one instrument."""

from datetime import datetime, timedelta
from decimal import Decimal

from trading_pipeline.domain.risk.entry import EntryQuestion
from trading_pipeline.domain.risk.finding import Finding
from trading_pipeline.domain.risk.rules.base import EntryRule
from trading_pipeline.domain.risk.rules.loss_rules import losing_streak


class Cooldown(EntryRule):
    """Enough bars of the plan's timeframe have passed since a loss to an initial stop in its instrument and timeframe.

    Measured to the close of the plan's bar, so that a replay decides as the live system did.
    """

    name = "cooldown"
    key = "cooldown_bars"
    backtested = True

    def judge(self, question: EntryQuestion) -> Finding | None:
        """Compare the close (UTC) of the plan's bar with the newest loss to an initial stop."""
        stopped_at, plan = question.facts.last_stop_loss_at, question.plan
        bars = question.limits.cooldown_of(plan.timeframe)
        if stopped_at is None or not bars:
            return None
        until = stopped_at + bars * plan.timeframe.duration
        if plan.close_time >= until:
            return None
        sentence = f"stopped out at {stopped_at:%H:%M} UTC, no new {plan.timeframe} entry before {until:%H:%M} UTC"
        passed = Decimal((plan.close_time - stopped_at) // timedelta(milliseconds=1)) / plan.timeframe.ms
        return self.deny(sentence, passed, Decimal(bars), until)


class Rest(EntryRule):
    """A rule that wants seconds to have passed since something that the ledger knows the time of."""

    def rested(self, question: EntryQuestion, since: datetime | None, wait: Decimal, what: str) -> Finding | None:
        """Deny while fewer than ``wait`` seconds have passed at venue time; exactly as many are enough."""
        # It never happened, which is known; that nobody looked is denied by the rule itself.
        if since is None:
            return None
        passed = Decimal((question.now - since) // timedelta(milliseconds=1)) / 1000
        if passed >= wait:
            return None
        until = since + timedelta(seconds=float(wait))
        return self.deny(f"{what} at {since:%H:%M:%S} UTC, no entry before {until:%H:%M:%S} UTC", passed, wait, until)


class RestAfterEntry(Rest):
    """Seconds have passed since the account entered anything."""

    name = "cooldown_after_entry"
    key = "cooldowns.after_entry_s"

    def judge(self, question: EntryQuestion) -> Finding | None:
        """By the newest fill of an entry."""
        wait = self.limit_in(question.limits)
        if not wait:
            return None
        if question.facts.activity is None:
            return self.deny("when the account last entered is not known", limit=wait)
        return self.rested(question, question.facts.activity.last_entry_at, wait, "the account entered")


class RestAfterLoss(Rest):
    """Seconds have passed since the newest loss, more with each loss in a row."""

    name = "cooldown_after_loss"
    key = "cooldowns.after_loss_s"

    def judge(self, question: EntryQuestion) -> Finding | None:
        """Wait after_loss_s x loss_factor ^ (losses - 1), at most max_after_loss_s."""
        wait, limits = self.limit_in(question.limits), question.limits.cooldowns
        if not wait:
            return None
        streak = losing_streak(question)
        if streak is None:
            return self.deny("when the account last lost is not known", limit=wait)
        if not streak:
            return None
        wait *= limits.loss_factor ** (len(streak) - 1)
        if limits.max_after_loss_s:
            wait = min(wait, Decimal(limits.max_after_loss_s))
        return self.rested(question, streak[0].closed_at, wait, f"loss {len(streak)} in a row")


class AntiChurn(Rest):
    """Seconds have passed since a position of the same instrument and side was closed; an open one is in the way."""

    name = "anti_churn"
    key = "cooldowns.anti_churn_s"

    def judge(self, question: EntryQuestion) -> Finding | None:
        """The other side may be entered; a layer is no new position."""
        wait, plan = self.limit_in(question.limits), question.plan
        if not wait or question.facts.adds_to is not None:
            return None
        trades = question.facts.trades
        if trades is None:
            return self.deny(f"when {plan.instrument_id} was last traded is not known", limit=wait)
        what = f"a {plan.bias} of {plan.instrument_id} was closed"
        return self.rested(question, trades.same_side_at, wait, what)
