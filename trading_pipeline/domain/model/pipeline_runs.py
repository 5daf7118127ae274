"""What a run of the whole pipeline tells beyond a backtest: orders, refusals, what is open still, how long it took."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.orders import IntentState, OrderType, Purpose, Side
from trading_pipeline.domain.model.plans import PlanStatus
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.model.trade_history import TradeRow


@dataclass(frozen=True, slots=True)
class Latency:
    """Median and 95th percentile in seconds of wall time, ``None`` when nothing was measured.

    :param samples: how many were measured.
    """

    p50_s: float | None
    p95_s: float | None
    samples: int


@dataclass(frozen=True, slots=True)
class SentOrder:
    """An order that was sent, as the ledger holds it at the end; base quantities, quote prices.

    :param price: limit price; ``None`` for market orders.
    :param average_price: of what was filled; ``None`` without a fill.
    :param changed_at: venue time of its last change; ``None`` where the venue told none.
    :param answer_s: wall seconds from the request to the venue's acknowledgement; ``None`` without one.
    :param run_id: the Dagster run that decided it.
    """

    instrument_id: InstrumentId
    purpose: Purpose
    layer: int
    side: Side
    order_type: OrderType
    quantity: Decimal
    price: Decimal | None
    average_price: Decimal | None
    state: IntentState
    reason: str
    changed_at: datetime | None
    answer_s: float | None
    run_id: str


@dataclass(frozen=True, slots=True)
class RefusedPlan:
    """A trade plan that never became a position, and why.

    :param reason: of a denial with the name of the rule before it, e.g. ``cooldown: 2 of 4 bars have passed``.
    """

    close_time: datetime
    instrument_id: InstrumentId
    timeframe: Timeframe
    strategy: str
    bias: Bias
    status: PlanStatus
    reason: str


@dataclass(frozen=True, slots=True)
class PipelineRecord:
    """A stretch of waves with everything that a backtest has not.

    :param source: the bars in words.
    :param waves: closing instants that were computed.
    :param orders: in the order in which they were sent; ``refused`` by close.
    :param open_positions: what was not closed at the end.
    :param plan_latency: bar heard to trade plan stored; ``order_latency`` to entry acknowledged by the venue.
    """

    source: str
    waves: int
    orders: tuple[SentOrder, ...]
    refused: tuple[RefusedPlan, ...]
    open_positions: tuple[TradeRow, ...]
    plan_latency: Latency
    order_latency: Latency
