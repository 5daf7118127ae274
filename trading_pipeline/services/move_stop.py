"""Pull a position's stop behind the price."""

from decimal import Decimal

from trading_pipeline.domain.model.errors import OrderRejectedByVenue
from trading_pipeline.domain.model.orders import Purpose
from trading_pipeline.domain.model.plans import TradePlan
from trading_pipeline.domain.model.positions import Position
from trading_pipeline.domain.portfolio.stops import passed
from trading_pipeline.services.close_position import close_position
from trading_pipeline.services.desk import Desk


def move_stop(*, desk: Desk, plan: TradePlan, position: Position, stop_price: Decimal, close: Decimal | None) -> str:
    """Set a tighter stop; where the price has passed it already, get out at market instead.

    The stop is moved at the venue first and remembered after, so what the ledger calls live is live.

    :param close: the newest close, quote currency; ``None`` leaves the judgement to the venue.
    :returns: what was done, for the record.
    :raises VenueError: it is not known whether the stop was moved; doing it again is harmless.
    """
    if stop_price == position.stop_price:
        return f"stop stays at {stop_price}"
    if close is not None and passed(plan.bias, stop_price, close):
        return _leave(desk, plan, stop_price)
    try:
        desk.trading.set_stop_loss(position.symbol, stop_price)
    except OrderRejectedByVenue:
        return _leave(desk, plan, stop_price)
    desk.ledger.set_stop(position.position_id, stop_price)
    return f"stop moved from {position.stop_price} to {stop_price}"


def _leave(desk: Desk, plan: TradePlan, stop_price: Decimal) -> str:
    flat = close_position(desk=desk, plan=plan, purpose=Purpose.STOP_EXIT)
    return f"the price had passed the next stop {stop_price}: {'closed' if flat else 'closing failed'}"
