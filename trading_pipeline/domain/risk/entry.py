"""What the gate knows when it decides about one entry, and what it answers."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from trading_pipeline.domain.model.accounts import Balance, Wallet
from trading_pipeline.domain.model.books import BookReading
from trading_pipeline.domain.model.checks import DataCheck
from trading_pipeline.domain.model.halts import Halt
from trading_pipeline.domain.model.identity import AccountId
from trading_pipeline.domain.model.instruments import Instrument
from trading_pipeline.domain.model.orders import OrderIntent
from trading_pipeline.domain.model.plans import TradePlan
from trading_pipeline.domain.risk.limits import RiskLimits


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
    :param halts: every halt that stands.
    :param live_symbols: one entry per position that is opening or open.
    :param last_stop_loss_at: venue time of the newest loss to the initial stop in the plan's instrument
        and timeframe.
    :param day_start_equity: the account's first equity reading since UTC midnight, in the currency that the plan's
        instrument is settled in.
    :param pending_notional: quote currency; of admitted entries the wallet cannot know of yet.
    :param closed_by_signal: the position that the plan's signal closed and was to close only, empty for none.
    :param adds_to: the position that the plan may add a layer to, ``None`` for none.
    """

    account_id: AccountId
    checks: tuple[DataCheck, ...]
    halts: tuple[Halt, ...]
    live_symbols: tuple[str, ...]
    last_stop_loss_at: datetime | None
    day_start_equity: Decimal | None
    pending_notional: Decimal
    closed_by_signal: str = ""
    adds_to: OpenLayers | None = None


@dataclass(frozen=True, slots=True)
class MarketConditions:
    """What the venue says of an instrument right before the decision; what could not be had says why.

    :param book: ``None`` when it could not be read.
    :param next_funding_at: when funding is settled next, UTC, ``None`` when it could not be had.
    """

    book: BookReading | None = None
    next_funding_at: datetime | None = None
    book_problem: str = "nobody asked for the order book"
    funding_problem: str = "nobody asked for the funding time"


@dataclass(frozen=True, slots=True)
class EntryQuestion:
    """May this plan be entered now? Information that could not be had is ``None`` and denies.

    :param now: venue time.
    :param conditions: asked for only when the plan has guards.
    """

    plan: TradePlan
    facts: GateFacts
    wallet: Wallet | None
    instrument: Instrument | None
    limits: RiskLimits
    now: datetime
    conditions: MarketConditions = field(default_factory=MarketConditions)

    @property
    def balance(self) -> Balance | None:
        """The account's money in the currency that the instrument is settled in."""
        if self.wallet is None or self.instrument is None:
            return None
        return self.wallet.balances.get(self.instrument.settlement_currency)


@dataclass(frozen=True, slots=True)
class EntryVerdict:
    """The gate's answer about one plan.

    :param intent: the entry to send, ``None`` when denied.
    :param rule: the rule that denied, empty when admitted.
    """

    plan_id: str
    intent: OrderIntent | None
    rule: str = ""
    reason: str = ""
