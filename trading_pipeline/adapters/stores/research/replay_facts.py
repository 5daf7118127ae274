"""What a stretch of replay brought, read back from the ledger."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection, Engine, TextClause, text

from trading_pipeline.adapters.stores.postgres.database import reading
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.pipeline_runs import Latency
from trading_pipeline.domain.model.plans import PlanStatus
from trading_pipeline.domain.risk.outcomes import AFTER_HOLE, NO_PLAN, STOP_NOT_PROTECTIVE, outcome_of

# Orders, fills and positions are counted without a window: a replay begins with an empty ledger.
_COUNTS = text("""
SELECT
  (SELECT count(DISTINCT close_time) FROM trading.waves WHERE close_time > :start AND close_time <= :end
      AND computed_at IS NOT NULL) AS waves,
  (SELECT count(*) FROM trading.signals WHERE close_time > :start AND close_time <= :end AND kind = 'entry') AS signals,
  (SELECT count(*) FROM trading.signals WHERE close_time > :start AND close_time <= :end AND kind = 'exit')
    AS exit_signals,
  (SELECT count(*) FROM trading.trade_plans WHERE close_time > :start AND close_time <= :end) AS plans,
  (SELECT count(*) FROM trading.order_intents WHERE state <> 'intended') AS orders,
  (SELECT count(*) FROM trading.fills WHERE kind <> 'funding') AS fills,
  (SELECT count(*) FROM trading.positions WHERE status = 'open') AS open_positions,
  (SELECT count(*) FROM trading.positions WHERE status = 'closed') AS closed_trades,
  (SELECT coalesce(sum(realised_pnl - fees - funding), 0) FROM trading.positions WHERE status = 'closed') AS pnl_usdt,
  (SELECT coalesce(sum((realised_pnl - fees - funding)
                       / nullif(abs(entry_price - initial_stop_price) * entry_quantity, 0)), 0)
     FROM trading.positions WHERE status = 'closed') AS pnl_r
""")
_STATUSES = text(
    "SELECT status, count(*) FROM trading.trade_plans WHERE close_time > :start AND close_time <= :end "
    "GROUP BY 1 ORDER BY 1"
)
# A signal without a plan was refused by the planner, which asks for a hole first and then for the stop.
_FATES = text("""
SELECT plan.status, split_part(plan.status_reason, ':', 1) AS rule, plan.plan_id IS NULL AND NOT CASE signal.bias
    WHEN 'long' THEN 0 < signal.stop_price AND signal.stop_price < signal.entry_price
    ELSE 0 < signal.entry_price AND signal.entry_price < signal.stop_price END AS unprotected,
    signal.details ? 'untraded' AS after_hole, count(*) AS signals
FROM trading.signals signal LEFT JOIN trading.trade_plans plan USING (signal_id)
WHERE signal.kind = 'entry' AND signal.close_time > :start AND signal.close_time <= :end
GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
""")
_EXITS = text("SELECT exit_reason, count(*) FROM trading.positions WHERE status = 'closed' GROUP BY 1 ORDER BY 1")
_LATENCIES = text("""
WITH heard AS (
  SELECT close_time, min(first_bar_at) AS at FROM trading.waves
  WHERE close_time > :start AND close_time <= :end GROUP BY 1
)
SELECT
  percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY extract(epoch FROM plan.written_at - heard.at)) AS plan,
  percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY extract(epoch FROM intent.acknowledged_at - heard.at))
    AS acknowledged,
  count(plan.written_at) AS plans, count(intent.acknowledged_at) AS orders
FROM heard JOIN trading.trade_plans plan USING (close_time)
LEFT JOIN trading.order_intents intent ON intent.plan_id = plan.plan_id AND intent.purpose = 'E' AND intent.attempt = 0
WHERE plan.status <> 'historical'
""")
_TRADES = text("""
SELECT instrument_id, timeframe, bias, opened_at, closed_at, entry_price, entry_quantity, exit_reason,
       realised_pnl - fees - funding AS pnl_usdt,
       (realised_pnl - fees - funding) / nullif(abs(entry_price - initial_stop_price) * entry_quantity, 0) AS pnl_r
FROM trading.positions WHERE status = 'closed' ORDER BY closed_at, instrument_id
""")
_EQUITY = text("SELECT read_at, equity FROM trading.equity_snapshots WHERE currency = 'USDT' ORDER BY read_at")


@dataclass(frozen=True, slots=True)
class ClosedTrade:
    """One position from entry to flat, net of fees and funding; ``pnl_r`` is ``None`` where nothing was at risk."""

    instrument_id: InstrumentId
    timeframe: str
    bias: str
    opened_at: datetime
    closed_at: datetime
    entry_price: Decimal
    entry_quantity: Decimal
    exit_reason: str
    pnl_usdt: Decimal
    pnl_r: Decimal | None


@dataclass(frozen=True, slots=True)
class ReplayFacts:
    """Counts, money and latency of the waves in ``(start, end]``.

    :param pnl_usdt: of closed trades, net of fees and funding; ``pnl_r`` of those with something at risk.
    :param signal_outcomes: what became of every entry signal; they add up to ``counts["signals"]``. Of a denied plan
        the outcome of the rule that denied it, of any other its status, of a signal without a plan why there is none.
    :param plan_latency: bar heard to trade plan stored.
    :param order_latency: bar heard to entry acknowledged by the venue.
    :param equity: venue time and equity in USDT, oldest first.
    """

    counts: Mapping[str, int]
    pnl_usdt: Decimal
    pnl_r: Decimal
    plan_statuses: Mapping[str, int]
    signal_outcomes: Mapping[str, int]
    exit_reasons: Mapping[str, int]
    plan_latency: Latency
    order_latency: Latency
    trades: tuple[ClosedTrade, ...]
    equity: tuple[tuple[datetime, Decimal], ...]


def replay_facts(engine: Engine, start: datetime, end: datetime) -> ReplayFacts:
    """Read the facts of the waves that closed in ``(start, end]`` (UTC): money in USDT, latency in seconds."""
    window = {"start": start, "end": end}
    with reading(engine) as connection:

        def rows(statement: TextClause) -> list[tuple[object, ...]]:
            return [tuple(row) for row in connection.execute(statement, window)]

        counts = dict(connection.execute(_COUNTS, window).mappings().one())
        latencies = connection.execute(_LATENCIES, window).one()
        return ReplayFacts(
            # Arguments are evaluated in order: money leaves the counts before the rest is made whole numbers.
            pnl_usdt=counts.pop("pnl_usdt"),
            pnl_r=counts.pop("pnl_r"),
            counts={str(name): int(value) for name, value in counts.items()},
            plan_statuses={str(name): int(str(count)) for name, count in rows(_STATUSES)},
            signal_outcomes=_signal_outcomes(connection, window),
            exit_reasons={str(name): int(str(count)) for name, count in rows(_EXITS)},
            plan_latency=_latency(latencies.plan, latencies.plans),
            order_latency=_latency(latencies.acknowledged, latencies.orders),
            trades=tuple(ClosedTrade(**row) for row in connection.execute(_TRADES).mappings()),
            equity=tuple((row.read_at, row.equity) for row in connection.execute(_EQUITY)),
        )


def _signal_outcomes(connection: Connection, window: Mapping[str, datetime]) -> Mapping[str, int]:
    """Entry signals by what became of them, in the order of the words."""
    signal_outcomes: Counter[str] = Counter()
    for row in connection.execute(_FATES, window):
        if row.status is None:
            outcome = AFTER_HOLE if row.after_hole else STOP_NOT_PROTECTIVE if row.unprotected else NO_PLAN
        else:
            outcome = outcome_of(row.rule) if row.status == PlanStatus.DENIED else str(row.status)
        signal_outcomes[outcome] += row.signals
    return dict(sorted(signal_outcomes.items()))


def _latency(percentiles: list[float | None] | None, samples: int) -> Latency:
    p50_s, p95_s = percentiles or (None, None)
    return Latency(p50_s, p95_s, samples)
