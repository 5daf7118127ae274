"""Rules about whether the account may enter anything at all: kill switch, halts, pauses, circuit breaker."""

from decimal import Decimal
from typing import ClassVar

from trading_pipeline.domain.model.halts import ALL, Halt, HaltKind
from trading_pipeline.domain.risk.entry import EntryQuestion
from trading_pipeline.domain.risk.finding import Finding
from trading_pipeline.domain.risk.rules.base import EntryRule, LimitRule


class StandingHalt(EntryRule):
    """A rule that denies while a halt of its kind covers the plan."""

    kinds: ClassVar[tuple[HaltKind, ...]] = (HaltKind.HALT,)

    def judge(self, question: EntryQuestion) -> Finding | None:
        """Name the halt that stands and its reason."""
        account_id, instrument_id = question.facts.account_id, question.plan.instrument_id
        for halt in question.facts.halts:
            meant = halt.kind in self.kinds and self.means(halt) and halt.stands(question.now)
            if meant and halt.scope.covers(account_id, instrument_id):
                return self.deny(str(halt))
        return None

    def means(self, halt: Halt) -> bool:  # noqa: ARG002 - most rules mean every halt of their kinds
        """Whether the rule is about this halt."""
        return True


class KillSwitch(StandingHalt):
    """The kill switch is off."""

    name = "kill_switch"

    def means(self, halt: Halt) -> bool:
        """The halt of everything."""
        return halt.scope == ALL


class NotHalted(StandingHalt):
    """No halt of the instrument, of the account or of both stands."""

    name = "halt"

    def means(self, halt: Halt) -> bool:
        """Any but the kill switch."""
        return halt.scope != ALL


class NotPaused(StandingHalt):
    """The account has not paused by itself."""

    name = "pause"
    kinds = (HaltKind.PAUSE, HaltKind.DEAD_MAN, HaltKind.START)


class CircuitLatched(StandingHalt):
    """The circuit breaker, which stays open until the UTC day ends, has not been opened."""

    name = "circuit_breaker"
    # Asked beside the account's own numbers: a restart forgets no latch, and a watch that has not run hides no fall.
    kinds = (HaltKind.CIRCUIT_HARD, HaltKind.CIRCUIT_SOFT)


class CircuitSoft(LimitRule):
    """Equity has at no reading of the UTC day been below its first one by the limit."""

    name = "circuit_soft"
    key = "circuit.soft"
    unknown = "the day's first and lowest equity are not known"
    warns = True

    def value(self, question: EntryQuestion) -> Decimal | None:
        """The day's deepest fall, a fraction of its first reading; the wallet at hand is one of the readings."""
        start, low, balance = question.facts.day_start_equity, question.facts.day_low_equity, question.balance
        if start is None or low is None or balance is None or start <= 0:
            return None
        return (start - min(low, balance.equity)) / start

    def sentence(self, value: Decimal, limit: Decimal) -> str:
        """In percent."""
        return f"equity was {value:.2%} below its start of the UTC day, the breaker opens at {limit:.2%} until midnight"


class CircuitHard(CircuitSoft):
    """Equity has at no reading of the UTC day been below its first one by the limit that closes everything."""

    name = "circuit_hard"
    key = "circuit.hard"
