"""An intent in the venue's words. Pure. Page: v5/order/create-order."""

from trading_pipeline.adapters.venues.bybit import capabilities
from trading_pipeline.adapters.venues.bybit.payload import plain
from trading_pipeline.adapters.venues.bybit.symbols import ORDER_TYPES, SIDES
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.orders import OrderIntent, OrderType

ONE_WAY = 0
"""The venue's ``positionIdx``: one net position to a symbol, where hedge mode has 1 and 2."""

STOP_TERMS = {"tpslMode": "Full", "slTriggerBy": "LastPrice", "slOrderType": "Market"}
"""One market stop for the whole position. The venue's last price is what bars are made of, so a
replay of bars triggers the same stops; see docs/venues/bybit.md."""


def create_request(intent: OrderIntent) -> dict[str, object]:
    """The body of ``order/create``.

    :raises ConfigurationError: the intent cannot be said in the venue's terms.
    """
    if not capabilities.LINK_ID.fullmatch(intent.order_link_id):
        raise ConfigurationError(f"link id {intent.order_link_id!r} is not 1 to 36 of A-Z a-z 0-9 - _")
    request: dict[str, object] = {
        "category": capabilities.CATEGORY,
        "symbol": intent.instrument_id.symbol,
        "side": SIDES[intent.side],
        "orderType": ORDER_TYPES[intent.order_type],
        "qty": plain(intent.quantity),
        # What a market order says is IOC anyway; said here, nothing of it can ever rest.
        "timeInForce": "IOC" if intent.order_type is OrderType.MARKET else "GTC",
        "positionIdx": ONE_WAY,
        "orderLinkId": intent.order_link_id,
        "reduceOnly": intent.reduce_only,
    }
    if intent.price is not None:
        request["price"] = plain(intent.price)
    if intent.stop_loss is not None:
        request |= {"stopLoss": plain(intent.stop_loss), **STOP_TERMS}
    return request
