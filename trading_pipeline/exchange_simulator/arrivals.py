"""What happens when a step arrives: an order enters, is changed, or is cancelled; a position is."""

from trading_pipeline.exchange_simulator import order_changes, order_entry, position_changes
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


def arrive_at_position(exchange: Exchange) -> None:
    """Carry out the next change of the account's positions."""
    _, change = exchange.account.on_the_way.pop(0)
    position_changes.carry_out(exchange, change)
