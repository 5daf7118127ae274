"""Cancel on disconnect (the venue's DCP): what rests goes when a client that asked for it stays away too long.

Connections say that they want it by subscribing to ``dcp``; the window is the account's. It is counted in wall time,
as connections are, and after a restart anew: whoever was connected before it is away until it is back. What a position
is protected by stays: an order that nobody watches is a danger, a stop is not.
"""

import asyncio
from collections.abc import Callable

from trading_pipeline.exchange_simulator.exchange import Exchange
from trading_pipeline.exchange_simulator.fills import cancel
from trading_pipeline.exchange_simulator.hub import Connection

DCP_TOPICS = frozenset({"dcp.future"})


class DisconnectionProtection:
    """The connections of one account that want it, and what happens when the last of them has gone."""

    def __init__(self, exchange: Exchange, happen: Callable[[], None]) -> None:
        """:param exchange: as the account has it, in which is kept that somebody wants it."""
        self._exchange = exchange
        self._happen = happen
        self._watched: set[Connection] = set()
        self._due: asyncio.TimerHandle | None = None

    @property
    def window_s(self) -> int | None:
        """After so many wall seconds without them it happens; ``None`` until the account has asked for it."""
        return self._exchange.account.away_window_s

    @window_s.setter
    def window_s(self, seconds: int) -> None:
        """Ask for it."""
        self._exchange.account.away_window_s = seconds
        self._exchange.changes += 1

    def resume(self) -> None:
        """After a restart: whoever was there is away, and the window begins."""
        if self._exchange.account.away_cancels:
            self._begin()

    def watch(self, connection: Connection) -> None:
        """Somebody is there, or is back."""
        self._watched.add(connection)
        self._remember(cancels=True)
        if self._due is not None:
            self._due.cancel()

    def lose(self, connection: Connection) -> None:
        """A connection has gone; of those that were never watched nothing follows."""
        if connection not in self._watched:
            return
        self._watched.remove(connection)
        if not self._watched:
            self._begin()

    def _begin(self) -> None:
        """Nobody is there: let it happen in a while, if the account has asked for it."""
        if self.window_s is None:
            self._remember(cancels=False)
        else:
            self._due = asyncio.get_running_loop().call_later(self.window_s, self._end)

    def _end(self) -> None:
        """They stayed away too long."""
        self._remember(cancels=False)
        self._happen()

    def _remember(self, *, cancels: bool) -> None:
        account = self._exchange.account
        self._exchange.changes += account.away_cancels is not cancels
        account.away_cancels = cancels


def cancel_resting(exchange: Exchange) -> None:
    """Cancel what the account itself has ordered and is not filled."""
    for order in exchange.orders.active():
        if order.terms.create_type == "CreateByUser":
            cancel(exchange, order, "CancelByDCP")
