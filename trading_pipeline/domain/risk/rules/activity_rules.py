"""Rules about how much the account does in five minutes and in a day. They stop loops of our own."""

from abc import abstractmethod
from decimal import Decimal

from trading_pipeline.domain.risk.entry import EntryQuestion
from trading_pipeline.domain.risk.held import Activity
from trading_pipeline.domain.risk.rules.base import LimitRule


class ActivityRule(LimitRule):
    """A number of the account's activity below its limit."""

    unknown = "what the account did of late is not known"
    warns = True

    def value(self, question: EntryQuestion) -> Decimal | None:
        """The rule's number of what was done."""
        activity = question.facts.activity
        return None if activity is None else Decimal(self.of(activity))

    @abstractmethod
    def of(self, activity: Activity) -> Decimal | int:
        """The number that the rule is about."""


class MaxOrders5m(ActivityRule):
    """Fewer orders have filled within five minutes than the limit, exits included."""

    name = "max_orders_5m"
    key = "activity.max_orders_5m"

    def of(self, activity: Activity) -> Decimal | int:
        """Orders."""
        return activity.orders_5m

    def sentence(self, value: Decimal, limit: Decimal) -> str:
        """As a number."""
        return f"{value} orders within five minutes, the limit is {limit}"


class MaxTurnover5m(ActivityRule):
    """Less was traded within five minutes than the limit, in quote currency."""

    name = "max_turnover_5m"
    key = "activity.max_turnover_5m"

    def of(self, activity: Activity) -> Decimal | int:
        """Quote currency."""
        return activity.turnover_5m

    def sentence(self, value: Decimal, limit: Decimal) -> str:
        """In quote currency."""
        return f"{value:,.2f} traded within five minutes, the limit is {limit:,.2f}"


class MaxOrdersDay(ActivityRule):
    """Fewer orders have filled within 24 hours than the limit."""

    name = "max_orders_day"
    key = "activity.max_orders_day"

    def of(self, activity: Activity) -> Decimal | int:
        """Orders."""
        return activity.orders_day

    def sentence(self, value: Decimal, limit: Decimal) -> str:
        """As a number."""
        return f"{value} orders within 24 hours, the limit is {limit}"


class MaxTurnoverDay(ActivityRule):
    """Less was traded since UTC midnight than the limit, in quote currency."""

    name = "max_turnover_day"
    key = "activity.max_turnover_day"

    def of(self, activity: Activity) -> Decimal | int:
        """Quote currency."""
        return activity.turnover_day

    def sentence(self, value: Decimal, limit: Decimal) -> str:
        """In quote currency."""
        return f"{value:,.2f} traded since UTC midnight, the limit is {limit:,.2f}"
