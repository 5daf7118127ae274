"""What the gate and the keepers of the account need from the store."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from decimal import Decimal

from trading_pipeline.domain.model.accounts import Wallet
from trading_pipeline.domain.model.halts import Halt, HaltKind, HaltScope
from trading_pipeline.domain.model.identity import AccountId, InstrumentId
from trading_pipeline.domain.model.indicator_readings import IndicatorReading
from trading_pipeline.domain.model.plans import TradePlan
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.risk.entry import EntryDecision, EntryVerdict, GateFacts
from trading_pipeline.domain.risk.finding import Finding
from trading_pipeline.domain.risk.held import EntryHealth, ProcessingLag

Decide = Callable[[GateFacts], EntryDecision]


class EntryGate(ABC):
    """The one door to a new position."""

    @abstractmethod
    def admit(self, plan: TradePlan, currency: str, run_id: str, now: datetime, decide: Decide) -> EntryVerdict:
        """Decide about a claimed plan in one transaction, one plan of the account at a time.

        Reads the facts, calls ``decide`` with them, and stores either the position (opening) with
        its entry intent, or the denial, and every finding as a risk event. A plan decided before gets the same answer
        again. Where something has to be closed first, nothing is stored and the plan may be asked about again.

        :param currency: what the plan's instrument is settled in, empty where the venue does not list it.
        :param now: venue time; its UTC day is the one whose losses count.
        :param decide: pure; what it returns is what is stored.
        :raises ConfigurationError: it admitted an entry without a stop.
        """


class HaltRegister(ABC):
    """Halts that stand."""

    @abstractmethod
    def halt(self, halt: Halt) -> bool:
        """Let the halt stand; of a scope and kind the first reason stays, and one that flattens makes it flatten.

        :returns: whether it is new.
        """

    @abstractmethod
    def lift(self, scope: HaltScope, *kinds: HaltKind) -> bool:
        """End the halts of a scope.

        :param kinds: all but the circuit breaker's where none is named; a circuit breaker ends with the day.
        :returns: whether one stood.
        """

    @abstractmethod
    def end(self, account_id: AccountId, now: datetime) -> list[Halt]:
        """Remove the account's halts whose time is over at ``now`` (UTC, venue time), and tell which they were."""

    @abstractmethod
    def halts(self) -> list[Halt]:
        """Every halt that is stored, oldest first."""


class RiskEventLog(ABC):
    """What the account's own watch decided; the gate keeps its findings itself, with its decision."""

    @abstractmethod
    def append(self, findings: Iterable[Finding], at: datetime) -> None:
        """Keep the findings for good.

        :param at: venue time, UTC.
        """

    @abstractmethod
    def newest(self, rule: str) -> Finding | None:
        """What the account's watch said last about a rule; ``None`` where it never said anything."""


class EntryHealthReader(ABC):
    """How the venue treats what the account sends, and how long it takes until it is sent."""

    @abstractmethod
    def of_entries(self, within: timedelta) -> EntryHealth:
        """Of the entries whose request left within the window, wall time."""

    @abstractmethod
    def lag(self, within: timedelta) -> ProcessingLag:
        """Of the closes that were heard, and the entries that were decided, within the window, wall time."""


class EquityLog(ABC):
    """Readings of the account's money."""

    @abstractmethod
    def record(self, wallet: Wallet) -> None:
        """Store a reading; one of the same instant stays as it is."""

    @abstractmethod
    def first_since(self, instant: datetime) -> Wallet | None:
        """The oldest reading taken at or after ``instant`` (UTC venue time), ``None`` when there is none."""

    @abstractmethod
    def lowest_since(self, instant: datetime) -> dict[str, Decimal]:
        """The lowest equity of each currency, in that currency, of readings taken at or after ``instant`` (UTC)."""


class IndicatorReader(ABC):
    """Stored indicators, for decisions about open positions."""

    @abstractmethod
    def latest_indicator(
        self, instrument_id: InstrumentId, timeframe: Timeframe, close_time: datetime, name: str
    ) -> IndicatorReading | None:
        """The indicator at the bar that closed at exactly this instant (UTC); ``None`` when it is not stored.

        Value and close are told together, both in quote currency.
        """

    @abstractmethod
    def close_price(self, instrument_id: InstrumentId, timeframe: Timeframe, close_time: datetime) -> Decimal | None:
        """Where exactly this bar closed, quote currency; ``None`` when it is not stored."""

    @abstractmethod
    def best_price(
        self, instrument_id: InstrumentId, timeframe: Timeframe, after: datetime, until: datetime, bias: Bias
    ) -> Decimal | None:
        """The highest price for a long, the lowest for a short, of the bars that closed after one instant and up to
        another (UTC); quote currency, ``None`` when none is stored.
        """
