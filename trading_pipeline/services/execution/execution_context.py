"""What every service that touches an order works with."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from trading_pipeline.domain.model.errors import ConfigurationError, VenueError
from trading_pipeline.domain.model.identity import AccountId, InstrumentId
from trading_pipeline.domain.model.instruments import Instrument
from trading_pipeline.domain.risk.limits import RiskLimits
from trading_pipeline.ports.notifications import Notifier
from trading_pipeline.ports.regime import RegimeSource
from trading_pipeline.ports.stores.execution.ledger import Ledger
from trading_pipeline.ports.stores.execution.reconciliation_log import ReconciliationLog
from trading_pipeline.ports.stores.execution.risk_store import HaltRegister
from trading_pipeline.ports.stores.execution.signal_reader import SignalReader
from trading_pipeline.ports.venue.clock import Clock
from trading_pipeline.ports.venue.market_data import LiveMarket
from trading_pipeline.ports.venue.trading import Trading
from trading_pipeline.services.execution.retry_policy import RetryPolicy

POSITION_TROUBLE = (VenueError, ConfigurationError)
"""What may go wrong with one position and must not keep the others waiting: the venue fails, or it lists the instrument
no more."""


@dataclass(frozen=True, slots=True)
class ExecutionContext:
    """One account as one run sees it.

    :param run_id: the run that every intent written here leads back to.
    :param signals: asked what strategies said since their positions were opened.
    :param market: asked only where a plan's guards or a limit of the market need it.
    :param regime: asked only where ``market.regime`` is on; ``None`` where nothing tells it, which then denies.
    :param instruments: steps, minimums and the account's fees by instrument, as the venue lists them now.
    """

    run_id: str
    account_id: AccountId
    ledger: Ledger
    trading: Trading
    market: LiveMarket
    signals: SignalReader
    halts: HaltRegister
    differences: ReconciliationLog
    notifier: Notifier
    clock: Clock
    limits: RiskLimits
    instruments: Mapping[InstrumentId, Instrument]
    retries: RetryPolicy = field(default_factory=RetryPolicy)
    regime: RegimeSource | None = None

    def instrument(self, instrument_id: InstrumentId) -> Instrument:
        """The instrument's steps and minimums.

        :raises ConfigurationError: the venue does not list the instrument.
        """
        try:
            return self.instruments[instrument_id]
        except KeyError:
            raise ConfigurationError(
                f"the venue lists no instrument {instrument_id!r}; orders of it cannot be sized, close it by hand"
            ) from None
