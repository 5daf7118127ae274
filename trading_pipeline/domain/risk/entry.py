"""What the gate knows when it decides about one entry, and what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from trading_pipeline.domain.model.accounts import Balance, Wallet
from trading_pipeline.domain.model.books import BookReading, OrderBook
from trading_pipeline.domain.model.checks import DataCheck
from trading_pipeline.domain.model.halts import Halt
from trading_pipeline.domain.model.identity import AccountId, InstrumentId
from trading_pipeline.domain.model.instruments import Instrument
from trading_pipeline.domain.model.orders import OrderIntent
from trading_pipeline.domain.model.plans import TradePlan
from trading_pipeline.domain.risk.finding import Action, Finding
from trading_pipeline.domain.risk.held import Activity, LivePosition, TradeRecord
from trading_pipeline.domain.risk.limits import RiskLimits
from trading_pipeline.domain.risk.regime import Regime


@dataclass(frozen=True, slots=True)
class OpenLayers:
    """An open position of the plan's own strategy, instrument, timeframe and side, to which its entry would add.

    :param layers: entries that are in it or on their way into it.
    :param next_layer: number of the entry that would come next.
    """

    position_id: str
    layers: int
    next_layer: int


@dataclass(frozen=True, slots=True)
class GateFacts:
    """What the ledger says, read in the transaction that also writes the decision.

    :param account_id: whose facts they are.
    :param checks: stored verdicts about the very bar the plan was made at.
    :param halts: every halt that is stored.
    :param live: every position that is opening or open, by instrument.
    :param last_stop_loss_at: venue time of the newest loss to the initial stop in the plan's instrument
        and timeframe.
    :param day_start_equity: the account's first equity reading since UTC midnight, in the currency that the plan's
        instrument is settled in.
    :param pending_notional: quote currency; of admitted entries the wallet cannot know of yet.
    :param closed_by_signal: the position that the plan's signal closed and was to close only, empty for none.
    :param adds_to: the position that the plan may add a layer to, ``None`` for none.
    :param day_low_equity: the lowest reading since UTC midnight, ``peak_equity`` the highest of today and of those at
        which the last 30 UTC days began; the same currency, ``None`` where there is no reading.
    :param activity: what the account did of late, ``trades`` how its trades ended; ``None`` where nobody looked.
    :param volatility_pct: ATR (14 bars) of the plan's bar in percent of its close; ``None`` where it is not stored.
    """

    account_id: AccountId
    checks: tuple[DataCheck, ...]
    halts: tuple[Halt, ...]
    live: tuple[LivePosition, ...]
    last_stop_loss_at: datetime | None
    day_start_equity: Decimal | None
    pending_notional: Decimal
    closed_by_signal: str = ""
    adds_to: OpenLayers | None = None
    day_low_equity: Decimal | None = None
    peak_equity: Decimal | None = None
    activity: Activity | None = None
    trades: TradeRecord | None = None
    volatility_pct: Decimal | None = None

    @property
    def live_symbols(self) -> tuple[InstrumentId, ...]:
        """The instrument of every live position."""
        return tuple(position.instrument_id for position in self.live)


@dataclass(frozen=True, slots=True)
class MarketConditions:
    """What the venue says of an instrument right before the decision; what could not be had says why.

    :param book: ``None`` when it could not be read; ``levels`` is what it was read from.
    :param next_funding_at: when funding is settled next, UTC, ``None`` when it could not be had.
    """

    book: BookReading | None = None
    next_funding_at: datetime | None = None
    book_problem: str = "nobody asked for the order book"
    funding_problem: str = "nobody asked for the funding time"
    levels: OrderBook | None = None


@dataclass(frozen=True, slots=True)
class EntryQuestion:
    """May this plan be entered now? Information that could not be had is ``None`` and denies.

    :param now: venue time.
    :param conditions: asked for only when the plan has guards or the limits read them.
    :param bases: base currency by instrument, of what the venue lists.
    :param regime: of the market, ``None`` where nobody tells it.
    """

    plan: TradePlan
    facts: GateFacts
    wallet: Wallet | None
    instrument: Instrument | None
    limits: RiskLimits
    now: datetime
    conditions: MarketConditions = field(default_factory=MarketConditions)
    bases: Mapping[InstrumentId, str] = field(default_factory=dict)
    regime: Regime | None = None

    @property
    def balance(self) -> Balance | None:
        """The account's money in the currency that the instrument is settled in."""
        if self.wallet is None or self.instrument is None:
            return None
        return self.wallet.balances.get(self.instrument.settlement_currency)


@dataclass(frozen=True, slots=True)
class EntryDecision:
    """What the rules and the size amount to.

    :param intent: the entry to send, ``None`` when denied or when something has to be closed first.
    :param levels: the plan's further entries, sent when the first has filled.
    :param findings: everything the rules had to say, in the order they were asked.
    :param replaces: the position that has to be closed before the plan can be decided, empty for none.
    """

    intent: OrderIntent | None
    findings: tuple[Finding, ...]
    replaces: str = ""
    levels: tuple[OrderIntent, ...] = ()

    @property
    def denial(self) -> Finding | None:
        """The objection that decided."""
        return next((finding for finding in self.findings if finding.action is Action.DENY), None)


@dataclass(frozen=True, slots=True)
class EntryVerdict:
    """The gate's answer about one plan.

    :param intent: the entry to send, ``None`` when denied.
    :param rule: the rule that denied, empty when admitted.
    :param findings: everything that is kept of the decision as ``risk_events``.
    :param replaces: the position that has to be closed first; nothing is decided yet.
    """

    plan_id: str
    intent: OrderIntent | None
    rule: str = ""
    reason: str = ""
    findings: tuple[Finding, ...] = ()
    replaces: str = ""
