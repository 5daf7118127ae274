"""Rules about the account: halts, open positions, losses, the age of what is known."""

from datetime import timedelta

from trading_pipeline.domain.risk.entry import EntryQuestion
from trading_pipeline.domain.risk.rules.base import EntryRule


class NotHalted(EntryRule):
    """Neither the kill switch nor a halt of the instrument stands."""

    name = "halt"

    def objection(self, question: EntryQuestion) -> str | None:
        """Name the halt that stands and its reason."""
        for halt in question.facts.halts:
            if halt.scope.covers(question.facts.account_id, question.plan.instrument_id):
                return str(halt)
        return None


class OnePositionPerSymbol(EntryRule):
    """No position is opening or open in the instrument, or one that has room for one more layer of the plan's strategy.

    In one-way mode two positions would net out.
    """

    name = "symbol_busy"

    def objection(self, question: EntryQuestion) -> str | None:
        """Look the instrument up among live positions."""
        plan, adds_to = question.plan, question.facts.adds_to
        if plan.instrument_id not in question.facts.live_symbols:
            return None
        if adds_to is None:
            return f"a position in {plan.instrument_id} is live"
        if adds_to.layers >= plan.exit_rules.max_layers:
            return f"the position in {plan.instrument_id} has {adds_to.layers} of {plan.exit_rules.max_layers} layers"
        return None


class MaxOpenPositions(EntryRule):
    """Fewer positions are live than the limit; a layer opens none."""

    name = "max_open_positions"

    def objection(self, question: EntryQuestion) -> str | None:
        """Count opening and open positions of all instruments."""
        if question.facts.adds_to is not None:
            return None
        live, limit = len(question.facts.live_symbols), question.limits.max_open_positions
        return f"{live} positions are live, the limit is {limit}" if live >= limit else None


class Cooldown(EntryRule):
    """Enough bars of the plan's timeframe have passed since a stop loss in it.

    Measured to the close of the plan's bar, so that a replay decides as the live system did.
    """

    name = "cooldown"

    def objection(self, question: EntryQuestion) -> str | None:
        """Compare the close (UTC) of the plan's bar with the newest loss to an initial stop."""
        stopped_at = question.facts.last_stop_loss_at
        if stopped_at is None:
            return None
        until = stopped_at + question.limits.cooldown_bars * question.plan.timeframe.duration
        if question.plan.close_time >= until:
            return None
        return f"stopped out at {stopped_at:%H:%M} UTC, no new {question.plan.timeframe} entry before {until:%H:%M} UTC"


class FreshWallet(EntryRule):
    """The wallet was read moments ago."""

    name = "wallet_age"

    def objection(self, question: EntryQuestion) -> str | None:
        """Compare the reading's venue time with now, in seconds; a reading from the future is as bad as an old one."""
        if question.wallet is None:
            return "the wallet could not be read"
        age = abs(question.now - question.wallet.read_at)
        if age <= timedelta(seconds=float(question.limits.max_wallet_age_s)):
            return None
        return (
            f"the wallet reading is {age.total_seconds():.0f} s away, the limit is {question.limits.max_wallet_age_s} s"
        )


class Funded(EntryRule):
    """The account holds the currency that the instrument is settled in."""

    name = "balance"

    def objection(self, question: EntryQuestion) -> str | None:
        """Look the currency up in the wallet."""
        if question.balance is not None or question.instrument is None:
            return None
        return f"the account holds no {question.instrument.settlement_currency}"


class MaxDailyLoss(EntryRule):
    """Equity has not fallen by the limit since UTC midnight."""

    name = "max_daily_loss"

    def objection(self, question: EntryQuestion) -> str | None:
        """Compare equity now with the first reading of the UTC day, as a fraction of that reading."""
        start, balance = question.facts.day_start_equity, question.balance
        # An account that begins the day with nothing has no fraction to fall by; unknown denies here as everywhere.
        if start is None or balance is None or start <= 0:
            return "equity at the start of the UTC day is not known"
        loss, limit = (start - balance.equity) / start, question.limits.max_daily_loss
        return f"equity fell {loss:.2%} since UTC midnight, the limit is {limit:.2%}" if loss >= limit else None
