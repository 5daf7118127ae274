"""Rules about the account's money: whether it is known, fresh, and there."""

from datetime import timedelta
from decimal import Decimal

from trading_pipeline.domain.risk.entry import EntryQuestion
from trading_pipeline.domain.risk.finding import Finding
from trading_pipeline.domain.risk.rules.base import EntryRule


class FreshWallet(EntryRule):
    """The wallet was read moments ago."""

    name = "wallet_age"

    def judge(self, question: EntryQuestion) -> Finding | None:
        """Compare the reading's venue time with now, in seconds; a reading from the future is as bad as an old one."""
        if question.wallet is None:
            return self.deny("the wallet could not be read")
        age, limit = abs(question.now - question.wallet.read_at), question.limits.max_wallet_age_s
        if age <= timedelta(seconds=limit):
            return None
        # By whole milliseconds: a float of seconds would be stored with digits that nobody measured.
        seconds = Decimal(age // timedelta(milliseconds=1)) / 1000
        return self.deny(f"the wallet reading is {seconds:.0f} s away, the limit is {limit} s", seconds, Decimal(limit))


class Funded(EntryRule):
    """The account holds the currency that the instrument is settled in."""

    name = "balance"

    def judge(self, question: EntryQuestion) -> Finding | None:
        """Look the currency up in the wallet."""
        # What the venue does not list was denied before, and has no currency to be looked up.
        if question.balance is not None or question.instrument is None:
            return None
        return self.deny(f"the account holds no {question.instrument.settlement_currency}")
