"""What a position earned lot by lot."""

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import Engine, select

from trading_pipeline.adapters.stores.execution.ledger_rows import fill_of, fill_query, position_of, position_query
from trading_pipeline.adapters.stores.postgres.condition_tables import tickers
from trading_pipeline.adapters.stores.postgres.database import reading
from trading_pipeline.adapters.stores.postgres.tables import fills, positions
from trading_pipeline.domain.model.orders import Purpose
from trading_pipeline.domain.model.positions import Position
from trading_pipeline.domain.portfolio.lots import Lot, lots_of
from trading_pipeline.domain.portfolio.position_sums import PositionFill


@dataclass(frozen=True, slots=True)
class PositionLots:
    """A position, its lots first in first out, and what the venue said last that it is worth.

    :param mark_price: newest mark price that is stored, quote currency; ``None`` where none is.
    """

    position: Position
    lots: tuple[Lot, ...]
    mark_price: Decimal | None


def position_lots(engine: Engine, position_id: str) -> PositionLots | None:
    """Of one position; ``None`` where there is none of that id."""
    with reading(engine) as connection:
        row = connection.execute(position_query().where(positions.c.position_id == position_id)).first()
        if row is None:
            return None
        position = position_of(row)
        booked = connection.execute(fill_query().where(fills.c.position_id == position_id))
        parts = [PositionFill(fill_of(one), None if one.purpose is None else Purpose(one.purpose)) for one in booked]
        newest = select(tickers.c.mark_price).where(tickers.c.instrument_id == position.instrument_id)
        mark = connection.execute(newest.order_by(tickers.c.at.desc()).limit(1)).scalar()
    return PositionLots(position, lots_of(position, parts), mark)
