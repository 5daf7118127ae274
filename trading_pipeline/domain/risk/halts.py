"""A halt: nothing new is entered while it stands."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches

from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.identity import InstrumentId, VenueName

ALL_SYMBOLS = "all"


@dataclass(frozen=True, slots=True)
class Halt:
    """Stops new entries; exits and protection go on. It stands until somebody lifts it.

    :param scope: an instrument, or ``all``: the kill switch.
    :param reason: a sentence an operator can read on a phone.
    :param since: venue time; of an operator's halt wall time.
    :param flatten: whether what is open in the scope is closed at market, as often as it takes.
    """

    scope: str
    reason: str
    since: datetime
    flatten: bool = False

    def covers(self, instrument_id: InstrumentId) -> bool:
        """Whether it stops entries of the instrument."""
        return self.scope in (ALL_SYMBOLS, instrument_id)

    def __str__(self) -> str:
        """For a denial."""
        return f"{self.scope} halted since {self.since:%Y-%m-%d %H:%M} UTC: {self.reason}"


def scope_named(text: str, venue: str, known: Collection[str]) -> str:
    """A scope as people write it: ``all``, an instrument, or its symbol alone.

    :param venue: where a symbol without a venue is traded.
    :param known: scopes that mean something: what is traded, held or halted.
    :raises ConfigurationError: it is none of them; the message names the nearest.
    """
    written = text.strip()
    if written == ALL_SYMBOLS:
        return ALL_SYMBOLS
    scope = written if "." in written else InstrumentId.of(written, VenueName(venue.upper()))
    if scope in known:
        return str(scope)
    near = get_close_matches(scope, sorted(known), n=1, cutoff=0.6)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(known))}"
    raise ConfigurationError(f"{text!r} is neither {ALL_SYMBOLS!r} nor an instrument traded, held or halted; {hint}")
