"""The price that a fill is held against: what the decision behind its order counted with."""

from decimal import Decimal

from sqlalchemy import ColumnElement, Connection, select

from trading_pipeline.adapters.stores.postgres.tables import positions, signals, trade_plans
from trading_pipeline.domain.model.fills import Fill, FillKind
from trading_pipeline.domain.model.orders import IntentRecord, OrderIntent, Purpose
from trading_pipeline.domain.portfolio.slippage import adverse_bps


def slippage_values(
    connection: Connection, fill: Fill, record: IntentRecord | None, position_id: str | None
) -> dict[str, Decimal | None]:
    """The columns of a fill that say how it compares with its decision; both empty where no price was decided.

    :param record: the order of ours that it belongs to, if any.
    :param position_id: the position that it belongs to, if any.
    """
    reference = _reference(connection, fill, record, position_id)
    bps = None if reference is None else adverse_bps(fill.side, fill.price, reference)
    return {"reference_price": reference, "slippage_bps": bps}


def _reference(
    connection: Connection, fill: Fill, record: IntentRecord | None, position_id: str | None
) -> Decimal | None:
    if record is not None and fill.kind is not FillKind.FUNDING:
        return _decided(connection, record.intent)
    if fill.kind is FillKind.STOP_LOSS and position_id is not None:
        return _price(connection, positions.c.stop_price, positions.c.position_id == position_id)
    # Funding has no price of ours, and of what the venue or a person did nobody here decided one.
    return None


def _decided(connection: Connection, intent: OrderIntent) -> Decimal | None:
    """Of an entry the close it was planned at, of a target its level, of an exit the close of its signal."""
    if intent.purpose is Purpose.ENTRY:
        return _price(connection, trade_plans.c.entry_price, trade_plans.c.plan_id == intent.plan_id)
    if intent.price is not None:
        return intent.price
    if intent.signal_id is not None:
        return _price(connection, signals.c.entry_price, signals.c.signal_id == intent.signal_id)
    return None


def _price(connection: Connection, column: ColumnElement[Decimal], of_it: ColumnElement[bool]) -> Decimal | None:
    price: Decimal | None = connection.execute(select(column).where(of_it)).scalar()
    return price if price else None
