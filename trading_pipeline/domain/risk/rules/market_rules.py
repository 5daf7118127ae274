"""Rules about the moment of the entry: the book, the bar's age and funding. Asked of plans with guards only."""

from abc import abstractmethod
from datetime import timedelta
from decimal import Decimal

from trading_pipeline.domain.model.guards import EntryGuards
from trading_pipeline.domain.risk.entry import EntryQuestion
from trading_pipeline.domain.risk.finding import Finding
from trading_pipeline.domain.risk.rules.base import EntryRule


class GuardRule(EntryRule):
    """A rule that a plan without guards does not know."""

    def judge(self, question: EntryQuestion) -> Finding | None:
        """Ask the rule when the plan wants its moment guarded."""
        return None if question.plan.guards is None else self.breach(question.plan.guards, question)

    @abstractmethod
    def breach(self, guards: EntryGuards, question: EntryQuestion) -> Finding | None:
        """What ``judge`` says of a plan with these guards."""


class BookKnown(GuardRule):
    """The order book could be read and has two sides."""

    name = "book_unknown"

    def breach(self, guards: EntryGuards, question: EntryQuestion) -> Finding | None:  # noqa: ARG002 - it has no limit
        """Pass on why there is none."""
        if question.conditions.book:
            return None
        return self.deny(f"no order book of {question.plan.instrument_id}: {question.conditions.book_problem}")


class FreshBook(GuardRule):
    """The book is younger than the limit; one from the future is as bad as an old one."""

    name = "book_stale"

    def breach(self, guards: EntryGuards, question: EntryQuestion) -> Finding | None:
        """Compare the book's venue time with now, in seconds."""
        book = question.conditions.book
        # No book is the objection of the rule before; here it has no age to complain about.
        age = abs(question.now - book.at) if book else timedelta()
        if age < timedelta(seconds=guards.max_book_age_s):
            return None
        sentence = f"the order book is {age.total_seconds():.1f} s away, it must be within {guards.max_book_age_s} s"
        return self.deny(sentence, _seconds(age), Decimal(guards.max_book_age_s))


class NarrowSpread(GuardRule):
    """Crossing the spread costs no more than the limit."""

    name = "spread"

    def breach(self, guards: EntryGuards, question: EntryQuestion) -> Finding | None:
        """Compare in basis points of the mid."""
        book = question.conditions.book
        if book is None or book.spread_bps <= guards.max_spread_bps:
            return None
        sentence = f"the spread is {book.spread_bps:.2f} bps, the limit is {guards.max_spread_bps} bps"
        return self.deny(sentence, book.spread_bps, guards.max_spread_bps)


class FreshBar(GuardRule):
    """The plan's bar closed moments ago."""

    name = "bar_stale"

    def breach(self, guards: EntryGuards, question: EntryQuestion) -> Finding | None:
        """Compare the bar's close with now, in seconds."""
        age = question.now - question.plan.close_time
        if age <= timedelta(seconds=guards.enter_within_s):
            return None
        sentence = f"the bar closed {age.total_seconds():.1f} s ago, an entry has {guards.enter_within_s} s"
        return self.deny(sentence, _seconds(age), Decimal(guards.enter_within_s))


class FundingKnown(GuardRule):
    """The venue told when funding is settled next."""

    name = "funding_unknown"

    def breach(self, guards: EntryGuards, question: EntryQuestion) -> Finding | None:  # noqa: ARG002 - it has no limit
        """Pass on why it did not; an instant that has passed tells nothing of the next one."""
        at = question.conditions.next_funding_at
        if at is None:
            problem = question.conditions.funding_problem
            return self.deny(f"no funding time of {question.plan.instrument_id}: {problem}")
        return self.deny(f"the funding time {at:%Y-%m-%d %H:%M} UTC has passed") if at < question.now else None


class FundingFarEnough(GuardRule):
    """Funding is not settled within the next minutes."""

    name = "funding_near"

    def breach(self, guards: EntryGuards, question: EntryQuestion) -> Finding | None:
        """Compare the minutes until the settlement with the limit; exactly as many are enough."""
        at = question.conditions.next_funding_at
        if at is None or at - question.now >= timedelta(minutes=guards.min_minutes_to_funding):
            return None
        needed = guards.min_minutes_to_funding
        sentence = f"funding is settled at {at:%H:%M} UTC, an entry needs {needed} minutes before it"
        return self.deny(sentence, _seconds(at - question.now) / 60, Decimal(needed))


class DeepBook(GuardRule):
    """Enough rests around the mid to get out again."""

    name = "depth"

    def breach(self, guards: EntryGuards, question: EntryQuestion) -> Finding | None:
        """Compare what rests within half a percent of the mid, in quote currency."""
        book = question.conditions.book
        if book is None or book.depth_usdt >= guards.min_depth_usdt:
            return None
        needed = guards.min_depth_usdt
        sentence = f"{book.depth_usdt:,.0f} USDT rest within 0.5 % of the mid, an entry needs {needed:,.0f}"
        return self.deny(sentence, book.depth_usdt, needed)


def _seconds(span: timedelta) -> Decimal:
    return Decimal(span // timedelta(milliseconds=1)) / 1000
