"""Rules about the quantity: what is too much is reduced, what is then too little is denied."""

from decimal import Decimal

from trading_pipeline.domain.model.books import Level
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline.domain.risk.entry import EntryQuestion
from trading_pipeline.domain.risk.entry_size import leverage_of
from trading_pipeline.domain.risk.finding import Finding
from trading_pipeline.domain.risk.rules.base import SizeRule
from trading_pipeline.domain.risk.rules.portfolio_rules import beside

_BPS = 10_000


class MaxStake(SizeRule):
    """The loss at the stop is at most the limit, in quote currency."""

    name = "max_stake"
    key = "orders.max_stake"

    def judge(self, question: EntryQuestion, quantity: Decimal) -> Finding | None:
        """To the stop as the venue will hold it."""
        limit, plan, instrument = self.limit_in(question.limits), question.plan, question.instrument
        if not limit or instrument is None:
            return None
        distance = abs(plan.entry_price - instrument.round_price(plan.stop_price))
        stake = quantity * distance
        if stake <= limit:
            return None
        return self.reduce(f"{stake:.2f} at the stop, reduced to {limit:.2f}", stake, limit, most=limit / distance)


class MaxAccountLeverage(SizeRule):
    """The notional of all positions, the new one included, is at most the limit times equity."""

    name = "max_account_leverage"
    key = "orders.max_account_leverage"

    def judge(self, question: EntryQuestion, quantity: Decimal) -> Finding | None:
        """Reduce to the room that is left; no room denies."""
        limit, price, balance = self.limit_in(question.limits), question.plan.entry_price, question.balance
        if not limit:
            return None
        if balance is None or balance.equity <= 0:
            return self.deny("the account's equity is not known, so neither is its leverage", limit=limit)
        # What is on its way in counts as held, or two entries of one wave would each have the room for itself.
        held = sum((one.notional for one in beside(question)), Decimal(0))
        leverage = (held + quantity * price) / balance.equity
        if leverage <= limit:
            return None
        room = balance.equity * limit - held
        sentence = f"the account's leverage would be {leverage:.2f}, the limit is {limit}"
        if room <= 0:
            return self.deny(sentence, leverage, limit)
        return self.reduce(sentence, leverage, limit, most=room / price)


class MaxOrderValue(SizeRule):
    """The order's margin is at most the limit, in quote currency."""

    name = "max_order_value"
    key = "orders.max_order_value"

    def judge(self, question: EntryQuestion, quantity: Decimal) -> Finding | None:
        """Notional / leverage."""
        limit, instrument, price = self.limit_in(question.limits), question.instrument, question.plan.entry_price
        if not limit or instrument is None:
            return None
        leverage = leverage_of(instrument, question.limits)
        margin = quantity * price / leverage
        if margin <= limit:
            return None
        sentence = f"a margin of {margin:.2f}, reduced to {limit:.2f}"
        return self.reduce(sentence, margin, limit, most=limit * leverage / price)


class MinOrderValue(SizeRule):
    """The order's margin is at least the limit after rounding; it is never raised to it."""

    name = "min_order_value"
    key = "orders.min_order_value"

    def judge(self, question: EntryQuestion, quantity: Decimal) -> Finding | None:
        """Notional / leverage."""
        limit, instrument = self.limit_in(question.limits), question.instrument
        if not limit or instrument is None:
            return None
        margin = quantity * question.plan.entry_price / leverage_of(instrument, question.limits)
        if margin >= limit:
            return None
        return self.deny(f"a margin of {margin:.2f} is below the least order of {limit:.2f}", margin, limit)


class SlippageCap(SizeRule):
    """By the book, the order's average price is off the mid by less than the limit, in basis points."""

    name = "slippage_cap"
    key = "market.max_slippage_bps"

    def judge(self, question: EntryQuestion, quantity: Decimal) -> Finding | None:
        """Walk the levels that the order would take; what they do not hold is not known, and denies."""
        limit, book = self.limit_in(question.limits), question.conditions.levels
        if not limit:
            return None
        if book is None or question.conditions.book is None:
            return self.deny("the order book could not be read, so the slippage is not known", limit=limit)
        long = question.plan.bias is Bias.LONG
        average = _average(book.asks if long else book.bids, quantity)
        if average is None:
            return self.deny(f"the order book holds less than {quantity}", limit=limit)
        middle = (book.bids[0][0] + book.asks[0][0]) / 2
        slippage = (average - middle if long else middle - average) / middle * _BPS
        if slippage < limit:
            return None
        return self.deny(
            f"the book would fill it {slippage:.2f} bps off the mid, the limit is {limit} bps", slippage, limit
        )


def _average(levels: tuple[Level, ...], quantity: Decimal) -> Decimal | None:
    """The average price of a market order; ``None`` where the levels do not hold it."""
    left, paid = quantity, Decimal(0)
    for price, resting in levels:
        taken = min(left, resting)
        left, paid = left - taken, paid + taken * price
        if left == 0:
            return paid / quantity
    return None
