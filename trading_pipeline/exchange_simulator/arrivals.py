"""What happens when a step of an order arrives at the market: it enters, is changed, or is cancelled."""

from trading_pipeline.exchange_simulator import order_changes, order_entry
from trading_pipeline.exchange_simulator.exchange import Exchange
from trading_pipeline.exchange_simulator.orders import CANCEL, Order, Terms


def arrive(exchange: Exchange, order: Order) -> None:
    """Carry out the order's next step."""
    _, step = order.on_the_way.pop(0)
    if isinstance(step, Terms):
        order_changes.change(exchange, order, step)
    elif step == CANCEL:
        order_changes.withdraw(exchange, order)
    else:
        order_entry.enter(exchange, order)
