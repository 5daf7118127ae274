"""The shape of a rule."""

from abc import ABC, abstractmethod
from datetime import datetime
from decimal import Decimal
from operator import attrgetter
from typing import ClassVar

from trading_pipeline.domain.risk.entry import EntryQuestion
from trading_pipeline.domain.risk.finding import Action, Finding
from trading_pipeline.domain.risk.limits import RiskLimits


class Rule:
    """What every rule has: its name, and words for its verdict.

    The first line of its docstring says what has to hold; ``docs/risk_gate.md`` shows it.

    :cvar name: of its findings, and of the outcome of a plan that it denied.
    :cvar key: of its limit in ``config/risk.yaml``, empty where it has none; 0 there switches it off.
    :cvar backtested: whether the backtest engine asks the same, so that both decide alike.
    """

    name: ClassVar[str]
    key: ClassVar[str] = ""
    backtested: ClassVar[bool] = False

    def deny(
        self,
        sentence: str,
        value: Decimal | None = None,
        limit: Decimal | None = None,
        until: datetime | None = None,
    ) -> Finding:
        """No entry; none before ``until`` (venue time, UTC) where that is known."""
        return Finding(self.name, Action.DENY, sentence, value, limit, until=until)

    def warn(self, sentence: str, value: Decimal | None = None, limit: Decimal | None = None) -> Finding:
        """An entry, and a word about it."""
        return Finding(self.name, Action.WARN, sentence, value, limit)

    def reduce(
        self,
        sentence: str,
        value: Decimal | None = None,
        limit: Decimal | None = None,
        *,
        keeps: Decimal = Decimal(1),
        most: Decimal | None = None,
    ) -> Finding:
        """A smaller entry: ``keeps`` of its size, at most ``most`` of base currency."""
        return Finding(self.name, Action.REDUCE, sentence, value, limit, keeps, most)

    def limit_in(self, limits: RiskLimits) -> Decimal:
        """The rule's limit; 0 is off."""
        return Decimal(attrgetter(self.key)(limits))


class EntryRule(Rule, ABC):
    """One question about an entry. Missing information is a reason against it."""

    @abstractmethod
    def judge(self, question: EntryQuestion) -> Finding | None:
        """What there is to say, as ``deny``, ``warn`` or ``reduce`` make it; ``None`` when there is nothing."""


class LimitRule(EntryRule):
    """A number that has to stay below a limit of the configuration. One that is not known denies.

    :cvar unknown: the sentence for that.
    :cvar warns: whether it says so from ``warn_at`` of the limit on.
    """

    unknown: ClassVar[str]
    warns: ClassVar[bool] = False

    @abstractmethod
    def value(self, question: EntryQuestion) -> Decimal | None:
        """The number, in the unit of the limit; ``None`` when it is not known."""

    @abstractmethod
    def sentence(self, value: Decimal, limit: Decimal) -> str:
        """Number and limit in words."""

    def judge(self, question: EntryQuestion) -> Finding | None:
        """Compare; a limit of 0 asks nothing."""
        limit = self.limit_in(question.limits)
        # Before the value is asked for: a rule that is off must not deny for want of a number.
        if not limit:
            return None
        value = self.value(question)
        if value is None:
            return self.deny(self.unknown, limit=limit)
        if value >= limit:
            return self.deny(self.sentence(value, limit), value, limit)
        warn_at = question.limits.warn_at
        if self.warns and warn_at and value >= warn_at * limit:
            return self.warn(self.sentence(value, limit), value, limit)
        return None


class SizeRule(Rule, ABC):
    """One question about the quantity of an entry that nothing else is against."""

    @abstractmethod
    def judge(self, question: EntryQuestion, quantity: Decimal) -> Finding | None:
        """As of an entry.

        :param quantity: base currency, whole lots, as the rules before have left it.
        """
