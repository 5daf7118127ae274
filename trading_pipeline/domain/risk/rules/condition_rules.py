"""Rules about the market, for every plan: spread, funding, volatility, news and regime."""

from datetime import timedelta
from decimal import Decimal

from trading_pipeline.domain.model.signals import Bias
from trading_pipeline.domain.risk.entry import EntryQuestion
from trading_pipeline.domain.risk.finding import Finding
from trading_pipeline.domain.risk.regime import Regime
from trading_pipeline.domain.risk.rules.base import EntryRule, LimitRule


class SpreadCap(LimitRule):
    """The spread is below the limit, in basis points of the mid."""

    name = "spread_cap"
    key = "market.max_spread_bps"
    unknown = "the order book could not be read, so the spread is not known"
    warns = True

    def value(self, question: EntryQuestion) -> Decimal | None:
        """Of the book that was read for the decision."""
        return None if question.conditions.book is None else question.conditions.book.spread_bps

    def sentence(self, value: Decimal, limit: Decimal) -> str:
        """In basis points."""
        return f"the spread is {value:.2f} bps, the limit is {limit} bps"


class FundingWindow(EntryRule):
    """Funding is settled in as many minutes as the limit, or later."""

    name = "funding_window"
    key = "market.min_minutes_to_funding"

    def judge(self, question: EntryQuestion) -> Finding | None:
        """An instant that has passed tells nothing of the next one."""
        limit, at = self.limit_in(question.limits), question.conditions.next_funding_at
        if not limit:
            return None
        if at is None or at < question.now:
            return self.deny(f"no funding time of {question.plan.instrument_id} is known", limit=limit)
        minutes = Decimal((at - question.now) // timedelta(milliseconds=1)) / 60_000
        if minutes >= limit:
            return None
        return self.deny(
            f"funding is settled at {at:%H:%M} UTC, an entry needs {limit} minutes before it", minutes, limit
        )


class HighVolatility(LimitRule):
    """The ATR of the plan's bar is below the limit, in percent of its close."""

    name = "high_volatility"
    key = "market.max_volatility_pct"
    unknown = "the ATR of the plan's bar is not stored"

    def value(self, question: EntryQuestion) -> Decimal | None:
        """As stored with the bar."""
        return question.facts.volatility_pct

    def sentence(self, value: Decimal, limit: Decimal) -> str:
        """In percent."""
        return f"the ATR is {value:.2f} % of the price, the limit is {limit} %"


class NewsWindow(EntryRule):
    """The plan's bar did not close in a time of day that is left out for news."""

    name = "news_window"
    key = "market.news_windows"

    def judge(self, question: EntryQuestion) -> Finding | None:
        """By the bar's close, so that a replay decides as the live system did."""
        close = question.plan.close_time
        window = next((one for one in question.limits.market.news_windows if one.covers(close)), None)
        return None if window is None else self.deny(f"the bar closed at {close:%H:%M} UTC, within news at {window}")


class RegimeAllows(EntryRule):
    """The regime of the market takes new longs; ``risk_small`` takes smaller ones. Shorts are not asked."""

    name = "regime"
    key = "market.regime"

    def judge(self, question: EntryQuestion) -> Finding | None:
        """An unknown regime denies."""
        limits = question.limits.market
        if not limits.regime or question.plan.bias is Bias.SHORT or question.regime is Regime.RISK_ON:
            return None
        if question.regime is Regime.RISK_SMALL:
            keeps = limits.small_regime_size
            return self.reduce(f"the regime is risk_small, {keeps:.0%} of the size is left", limit=keeps, keeps=keeps)
        return self.deny("the regime is not known" if question.regime is None else f"the regime is {question.regime}")
