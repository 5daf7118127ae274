"""Cancel on disconnect (the venue's DCP): what rests goes when a client that asked for it stays away too long.

Connections say that they want it by subscribing to ``dcp``; the window is the account's. It is counted in wall time,
as connections are. What a position is protected by stays: an order that nobody watches is a danger, a stop is not.
"""

import asyncio
from collections.abc import Callable

from trading_pipeline.exchange_simulator.exchange import Exchange
from trading_pipeline.exchange_simulator.fills import cancel
from trading_pipeline.exchange_simulator.hub import Connection

DCP_TOPICS = frozenset({"dcp.future"})


class DisconnectionProtection:
    """The connections of one account that want it, and what happens when the last of them has gone."""

    def __init__(self, happen: Callable[[], None]) -> None:
        self._happen = happen
        self._watched: set[Connection] = set()
        self._due: asyncio.TimerHandle | None = None
        self.window_s: int | None = None
        """After so many wall seconds without them it happens; ``None`` until the account has asked for it."""

    def watch(self, connection: Connection) -> None:
        """Somebody is there, or is back."""
        self._watched.add(connection)
        if self._due is not None:
            self._due.cancel()

    def lose(self, connection: Connection) -> None:
        """A connection has gone; of those that were never watched nothing follows."""
        if connection not in self._watched:
            return
        self._watched.remove(connection)
        if not self._watched and self.window_s is not None:
            self._due = asyncio.get_running_loop().call_later(self.window_s, self._happen)


def cancel_resting(exchange: Exchange) -> None:
    """Cancel what the account itself has ordered and is not filled."""
    for order in exchange.orders.active():
        if order.terms.create_type == "CreateByUser":
            cancel(exchange, order, "CancelByDCP")
