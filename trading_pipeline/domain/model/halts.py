"""A halt: nothing new is entered while it stands."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from enum import StrEnum
from typing import Self

from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.identity import AccountId, InstrumentId, VenueName


class HaltScope(str):
    """What a halt covers, as text: ``all``, an account, an instrument, or ``<account>/<instrument>``.

    It is text because it is a key, a run's tag and what people type.
    """

    __slots__ = ()

    @classmethod
    def of(cls, account_id: AccountId | None = None, instrument_id: InstrumentId | None = None) -> Self:
        """Everything in the account and in the instrument; a part that is not given covers every one."""
        return cls("/".join(part for part in (account_id, instrument_id) if part) or "all")

    @classmethod
    def parse(cls, text: str) -> Self:
        """A scope as it is written.

        :raises ConfigurationError: it names a venue, mode or instrument that there is not.
        """
        if text == ALL:
            return cls(text)
        account, slash, instrument = text.partition("/")
        # Parsed for its error only: what is kept is the text as it was written.
        if slash or ":" not in text:
            InstrumentId.parse(instrument if slash else text)
        if slash or ":" in text:
            AccountId.parse(account)
        return cls(text)

    @property
    def account_id(self) -> AccountId | None:
        """The account it is limited to."""
        account = self.partition("/")[0]
        return AccountId(account) if ":" in account else None

    @property
    def instrument_id(self) -> InstrumentId | None:
        """The instrument it is limited to."""
        instrument = self.rpartition("/")[2]
        # An account's text has a colon and an instrument's none, so either may stand alone.
        return None if self == ALL or ":" in instrument else InstrumentId(instrument)

    def covers(self, account_id: AccountId, instrument_id: InstrumentId) -> bool:
        """Whether it stops entries of the instrument in the account."""
        return self.account_id in (None, account_id) and self.instrument_id in (None, instrument_id)


ALL = HaltScope("all")
"""The kill switch."""


class HaltKind(StrEnum):
    """Who sets and who ends it.

    ``HALT``: an operator or reconciliation; a person lifts it. ``PAUSE``: the account itself, while the venue fails or
    is slow; it goes on by itself. ``DEAD_MAN``: the watchdog, while feed or trading worker give no sign of life; it
    ends with the next one. ``START``: the watchdog, until venue and ledger are found to agree for the first time.
    ``CIRCUIT_SOFT`` and ``CIRCUIT_HARD``: the account's circuit breaker; it ends with
    the UTC day and nobody lifts it before. Those of one scope stand beside each other, one a kind.
    """

    HALT = "halt"
    PAUSE = "pause"
    DEAD_MAN = "dead_man"
    START = "start"
    CIRCUIT_SOFT = "circuit_soft"
    CIRCUIT_HARD = "circuit_hard"

    @property
    def of_circuit(self) -> bool:
        """Whether the circuit breaker set it."""
        return self in (HaltKind.CIRCUIT_SOFT, HaltKind.CIRCUIT_HARD)


@dataclass(frozen=True, slots=True)
class Halt:
    """Stops new entries; exits and protection go on. It stands until it is lifted, or its time is over.

    :param reason: a sentence an operator can read on a phone.
    :param since: UTC, venue time; of an operator's halt wall time, as no venue may answer then.
    :param flatten: whether what is open in the scope is closed at market, as often as it takes.
    :param run_id: the run that set it, empty where none did.
    :param until: venue time (UTC) at which it is over by itself, ``None`` where it is not.
    """

    scope: HaltScope
    reason: str
    since: datetime
    flatten: bool = False
    run_id: str = ""
    kind: HaltKind = HaltKind.HALT
    until: datetime | None = None

    def stands(self, now: datetime) -> bool:
        """Whether its time is not over at ``now`` (UTC, venue time)."""
        return self.until is None or now < self.until

    def __str__(self) -> str:
        """For a denial."""
        what = "paused" if self.kind is HaltKind.PAUSE else "halted"
        end = f" until {self.until:%Y-%m-%d %H:%M} UTC" if self.until else ""
        return f"{self.scope} {what} since {self.since:%Y-%m-%d %H:%M} UTC{end}: {self.reason}"


def scope_named(text: str, venue: str, known: Collection[str], halted: Collection[str]) -> HaltScope:
    """A scope as people write it: ``all``, an instrument, its symbol alone, or one that is halted.

    An instrument that is halted in one account alone is that scope, so that it is lifted by its symbol.

    :param venue: where a symbol without a venue is traded.
    :param known: instruments and accounts that mean something: what is traded, held or configured.
    :param halted: scopes of the halts that stand.
    :raises ConfigurationError: it is none of them, or halted in several accounts; the message names what is meant.
    """
    written = text.strip()
    if written == ALL or written in halted or ("/" not in written and written in known):
        return HaltScope(written)
    # No symbol of the venues we know has a dot, so a dot says that the venue is named already.
    scope = written if "." in written else InstrumentId.of(written, VenueName(venue.upper()))
    within = sorted(one for one in halted if one.endswith(f"/{scope}"))
    # The halt of an instrument everywhere comes before one within a single account: `resume` has to reach what stands.
    if scope in halted or (scope in known and not within):
        return HaltScope(scope)
    if len(within) == 1:
        return HaltScope(within[0])
    if within:
        raise ConfigurationError(f"{text!r} is halted in several accounts; name one of {', '.join(within)}")
    near = get_close_matches(scope, sorted({*known, *halted}), n=1, cutoff=0.6)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(known))}"
    raise ConfigurationError(f"{text!r} is neither {ALL!r} nor an instrument traded, held or halted; {hint}")
