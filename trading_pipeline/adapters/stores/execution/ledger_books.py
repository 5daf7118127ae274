"""What checks of the ledger ask, in PostgreSQL."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import ColumnElement, Connection, Engine, Row, or_, select, text

from trading_pipeline.adapters.stores.execution.ledger_rows import fill_of, fill_query, position_of, position_query
from trading_pipeline.adapters.stores.postgres.database import reading
from trading_pipeline.adapters.stores.postgres.tables import fills, positions, reconciliation_log
from trading_pipeline.domain.model.identity import AccountId, InstrumentId
from trading_pipeline.domain.model.orders import Purpose
from trading_pipeline.domain.model.positions import Position, PositionStatus
from trading_pipeline.domain.portfolio.ledger_faults import OrderInDoubt, UnbookedOrder, UnequalResult, WalletStep
from trading_pipeline.domain.portfolio.position_sums import PositionFill, earned_until
from trading_pipeline.domain.risk.differences import Difference, DifferenceKind, KeptDifference
from trading_pipeline.ports.stores.execution.ledger_books import LedgerBooks

_IN_DOUBT = text("""
SELECT instrument_id, order_link_id, state, extract(epoch FROM clock_timestamp() - sent_at) AS age_s
FROM trading.order_intents
WHERE state IN ('sent', 'unknown') AND sent_at < clock_timestamp() - make_interval(secs => :longer_than_s)
ORDER BY sent_at
""")
# A report may be a moment ahead of its fills: what moved within the last minute is asked about by the next check.
_UNBOOKED = text("""
SELECT ordered.instrument_id, ordered.order_link_id, ordered.filled_quantity AS filled,
       coalesce(sum(fill.quantity), 0) AS booked
FROM trading.order_intents ordered
LEFT JOIN trading.fills fill ON fill.order_link_id = ordered.order_link_id AND fill.kind <> 'funding'
WHERE ordered.state IN ('filled', 'cancelled')
GROUP BY ordered.order_link_id
HAVING ordered.filled_quantity <> coalesce(sum(fill.quantity), 0)
   AND NOT EXISTS (
       SELECT FROM trading.execution_traces trace
       WHERE trace.plan_id = ordered.plan_id AND trace.order_link_id = ordered.order_link_id
         AND trace.at > clock_timestamp() - interval '1 minute'
   )
ORDER BY ordered.order_link_id
""")
# Whichever side opened it: what was sold less what was bought is what a flat position earned.
_UNEQUAL = text("""
SELECT position.instrument_id, position.position_id, part.name AS part, part.told, part.booked
FROM trading.positions position
CROSS JOIN LATERAL (
    SELECT coalesce(sum(CASE side WHEN 'sell' THEN quantity * price ELSE -quantity * price END)
                    FILTER (WHERE kind <> 'funding'), 0) AS profit,
           coalesce(sum(fee) FILTER (WHERE kind <> 'funding' AND fee_currency = position.settlement_currency), 0)
               AS fees,
           coalesce(sum(fee) FILTER (WHERE kind = 'funding' AND fee_currency = position.settlement_currency), 0)
               AS funding
    FROM trading.fills WHERE fills.position_id = position.position_id
) booked
CROSS JOIN LATERAL (VALUES ('profit', position.realised_pnl, booked.profit), ('fees', position.fees, booked.fees),
                           ('funding', position.funding, booked.funding)) part (name, told, booked)
WHERE position.status = 'closed' AND part.told <> part.booked
ORDER BY position.closed_at, position.position_id, part.name
""")
# The venue's reading and its fill are stamped apart: within five seconds of a fill nobody can tell whether the balance
# has it in it, and the difference would be called a fault of the ledger.
_STEPS = text("""
WITH newest AS (
    SELECT account_id, currency, date_trunc('day', max(read_at), 'UTC') AS day
    FROM trading.equity_snapshots GROUP BY account_id, currency
)
SELECT account_id, currency, min(read_at) AS since, max(read_at) AS until,
       (array_agg(balance ORDER BY read_at))[1] AS before, (array_agg(balance ORDER BY read_at DESC))[1] AS balance
FROM newest JOIN trading.equity_snapshots reading USING (account_id, currency)
WHERE read_at >= day AND NOT EXISTS (
    SELECT FROM trading.fills WHERE fills.account_id = reading.account_id
       AND executed_at BETWEEN read_at - interval '5 seconds' AND read_at + interval '5 seconds'
)
GROUP BY account_id, currency HAVING count(*) > 1 ORDER BY account_id, currency
""")


class PostgresLedgerBooks(LedgerBooks):
    """One question each, over all accounts."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def orders_in_doubt(self, longer_than_s: float) -> list[OrderInDoubt]:
        """By the server's clock, which stamped the request."""
        with reading(self._engine) as connection:
            found = connection.execute(_IN_DOUBT, {"longer_than_s": longer_than_s})
            return [
                OrderInDoubt(InstrumentId(row.instrument_id), row.order_link_id, row.state, float(row.age_s))
                for row in found
            ]

    def unbooked_orders(self) -> list[UnbookedOrder]:
        """Funding is no fill of an order."""
        with reading(self._engine) as connection:
            return [
                UnbookedOrder(InstrumentId(row.instrument_id), row.order_link_id, row.filled, row.booked)
                for row in connection.execute(_UNBOOKED)
            ]

    def unequal_results(self) -> list[UnequalResult]:
        """The sums are the database's own, so that no code of ours is held against itself."""
        with reading(self._engine) as connection:
            return [
                UnequalResult(InstrumentId(row.instrument_id), row.position_id, row.part, row.told, row.booked)
                for row in connection.execute(_UNEQUAL)
            ]

    def unprotected_positions(self) -> list[Position]:
        """By instrument."""
        held = positions.c.status == PositionStatus.OPEN.value, positions.c.quantity > 0, positions.c.stop_price <= 0
        query = position_query().where(*held).order_by(positions.c.instrument_id)
        with reading(self._engine) as connection:
            return [position_of(row) for row in connection.execute(query)]

    def standing_differences(self) -> list[Difference]:
        """As they were seen last, oldest first."""
        log = reconciliation_log.c
        query = select(reconciliation_log).where(log.gone_at.is_(None)).order_by(log.difference_id)
        with reading(self._engine) as connection:
            return [_difference(row) for row in connection.execute(query)]

    def differences_between(self, since: datetime, until: datetime) -> list[KeptDifference]:
        """By their lives."""
        log = reconciliation_log.c
        lived = log.found_at < until, or_(log.gone_at.is_(None), log.gone_at >= since)
        query = select(reconciliation_log).where(*lived).order_by(log.difference_id)
        with reading(self._engine) as connection:
            return [
                KeptDifference(_difference(row), row.found_at, row.sightings, row.gone_at)
                for row in connection.execute(query)
            ]

    def wallet_steps(self) -> list[WalletStep]:
        """What positions had realised at the last reading, less what they had at the first."""
        with reading(self._engine) as connection:
            return [_step(connection, row) for row in connection.execute(_STEPS).all()]


def _difference(row: Row[tuple[object, ...]]) -> Difference:
    return Difference(
        AccountId(row.account_id), InstrumentId(row.instrument_id), DifferenceKind(row.kind), row.detail, row.subject
    )


def _step(connection: Connection, row: Row[tuple[object, ...]]) -> WalletStep:
    booked = _of_positions(connection, row) + _of_no_position(connection, row)
    moved = row.balance - row.before
    return WalletStep(
        AccountId(row.account_id), row.currency, row.since, row.until, row.balance, moved=moved, booked=booked
    )


def _of_positions(connection: Connection, row: Row[tuple[object, ...]]) -> Decimal:
    """Of positions that any fill of the span belongs to."""
    moved = select(fills.c.position_id).where(*_of_span(row.account_id, row.since, row.until))
    query = position_query().where(positions.c.position_id.in_(moved), positions.c.settlement_currency == row.currency)
    earned = Decimal(0)
    for position in [position_of(one) for one in connection.execute(query).all()]:
        booked = connection.execute(fill_query().where(fills.c.position_id == position.position_id))
        parts = [PositionFill(fill_of(one), None if one.purpose is None else Purpose(one.purpose)) for one in booked]
        earned += earned_until(position, parts, row.until) - earned_until(position, parts, row.since)
    return earned


def _of_no_position(connection: Connection, row: Row[tuple[object, ...]]) -> Decimal:
    """Fees and funding of what nobody here ordered; what it gained the ledger does not know."""
    query = select(fills.c.fee).where(
        *_of_span(row.account_id, row.since, row.until),
        fills.c.position_id.is_(None),
        fills.c.fee_currency == row.currency,
    )
    return -sum(connection.execute(query).scalars(), Decimal(0))


def _of_span(account_id: str, since: datetime, until: datetime) -> tuple[ColumnElement[bool], ...]:
    return fills.c.account_id == account_id, fills.c.executed_at > since, fills.c.executed_at <= until
