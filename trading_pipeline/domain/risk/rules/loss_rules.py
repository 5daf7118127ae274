"""Rules about what the account has lost: today, from its peak, and in a row."""

from datetime import timedelta
from decimal import Decimal

from trading_pipeline.domain.risk.entry import EntryQuestion
from trading_pipeline.domain.risk.finding import Finding
from trading_pipeline.domain.risk.held import PEAK_DAYS, ClosedTrade
from trading_pipeline.domain.risk.rules.base import EntryRule, LimitRule

# A streak makes entries small; to stop them is what ``loss_streak`` is for.
_LEAST_SIZE = Decimal("0.1")


class MaxDailyLoss(LimitRule):
    """Equity is not below the first reading of the UTC day by the limit."""

    name = "max_daily_loss"
    key = "max_daily_loss"
    backtested = True
    unknown = "equity at the start of the UTC day is not known"
    warns = True

    def value(self, question: EntryQuestion) -> Decimal | None:
        """The fall until now, a fraction of the day's first reading; below zero where equity rose."""
        start, balance = question.facts.day_start_equity, question.balance
        # An account that begins the day with nothing has no fraction to fall by; unknown denies here as everywhere.
        if start is None or balance is None or start <= 0:
            return None
        return (start - balance.equity) / start

    def sentence(self, value: Decimal, limit: Decimal) -> str:
        """In percent."""
        return f"equity fell {value:.2%} since UTC midnight, the limit is {limit:.2%}"


class MaxDailyLossAmount(LimitRule):
    """Trades closed since UTC midnight have not lost the limit, net of fees and funding."""

    name = "daily_loss_cap"
    key = "losses.max_daily_loss_amount"
    unknown = "what today's trades earned is not known"
    warns = True

    def value(self, question: EntryQuestion) -> Decimal | None:
        """The loss in settlement currency."""
        trades = question.facts.trades
        return None if trades is None else -trades.realised_today

    def sentence(self, value: Decimal, limit: Decimal) -> str:
        """In settlement currency."""
        return f"trades closed today lost {value:.2f}, the limit is {limit:.2f}"


class MaxDrawdown(LimitRule):
    """Equity is not below its peak of the last 30 days by the limit."""

    name = "max_drawdown"
    key = "losses.max_drawdown"
    unknown = f"the peak of the last {PEAK_DAYS} days is not known"
    warns = True

    def value(self, question: EntryQuestion) -> Decimal | None:
        """The fall, a fraction of the peak; equity now may be the peak itself."""
        peak, balance = question.facts.peak_equity, question.balance
        if peak is None or balance is None or peak <= 0:
            return None
        peak = max(peak, balance.equity)
        return (peak - balance.equity) / peak

    def sentence(self, value: Decimal, limit: Decimal) -> str:
        """In percent."""
        return f"equity is {value:.2%} below its peak of {PEAK_DAYS} days, the limit is {limit:.2%}"


class LossStreak(LimitRule):
    """The newest trades are not so many losses in a row; a trade that does not lose ends a streak."""

    name = "loss_streak"
    key = "losses.max_loss_streak"
    unknown = "how the last trades ended is not known"

    def value(self, question: EntryQuestion) -> Decimal | None:
        """Losses in a row, of the hours that count."""
        streak = losing_streak(question)
        return None if streak is None else Decimal(len(streak))

    def sentence(self, value: Decimal, limit: Decimal) -> str:
        """As a number."""
        return f"the last {value} trades lost, the limit is {limit}"

    def judge(self, question: EntryQuestion) -> Finding | None:
        """Warn one loss before the limit, for a share of three is no warning."""
        found, limit = super().judge(question), self.limit_in(question.limits)
        value = self.value(question)
        if found is None and limit > 1 and value == limit - 1 and question.limits.warn_at:
            return self.warn(self.sentence(value, limit), value, limit)
        return found


class StreakSize(EntryRule):
    """Each loss of a streak takes its share off the size; a tenth is always left."""

    name = "streak_size"
    key = "losses.streak_size_step"

    def judge(self, question: EntryQuestion) -> Finding | None:
        """Keep 1 - step x losses."""
        step = self.limit_in(question.limits)
        if not step:
            return None
        streak = losing_streak(question)
        if streak is None:
            return self.deny(LossStreak.unknown)
        if not streak:
            return None
        keeps = max(_LEAST_SIZE, 1 - step * len(streak))
        losses = Decimal(len(streak))
        return self.reduce(f"after {losses} losses in a row {keeps:.0%} of the size is left", losses, step, keeps=keeps)


def losing_streak(question: EntryQuestion) -> tuple[ClosedTrade, ...] | None:
    """The losses in a row that count now, newest first; ``None`` where nobody looked."""
    trades = question.facts.trades
    if trades is None:
        return None
    return trades.losses_in_a_row(question.now - timedelta(hours=question.limits.losses.loss_streak_hours))
