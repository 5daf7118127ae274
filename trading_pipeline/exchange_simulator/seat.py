"""An account's place at the venue: its keys, its side of the exchange, its limits and its private stream."""

from collections.abc import Callable

from trading_pipeline.exchange_simulator.authentication import Credentials
from trading_pipeline.exchange_simulator.disconnection import DisconnectionProtection, cancel_resting
from trading_pipeline.exchange_simulator.exchange import Exchange
from trading_pipeline.exchange_simulator.faults import Faults
from trading_pipeline.exchange_simulator.hub import Hub
from trading_pipeline.exchange_simulator.rate_limits import RateLimits
from trading_pipeline.exchange_simulator.stream_faults import Delivery


class Seat:
    """What a signed request is carried out on."""

    def __init__(
        self,
        exchange: Exchange,
        credentials: Credentials,
        faults: Faults,
        catch_up: Callable[[], None],
        tell: Callable[[], None],
    ) -> None:
        """
        :param exchange: as the account has it.
        :param catch_up: brings every account to the clock's instant.
        :param tell: keeps what has happened, and tells it.
        """
        self._tell = tell
        self.exchange = exchange
        self.credentials = credentials
        self.rate_limits = RateLimits()
        self.listeners = Hub()
        """Connections that have authenticated with its key, by private topic."""
        self._delivery = Delivery(self.listeners, faults, credentials.account_id)
        self._catch_up = catch_up
        self.disconnection = DisconnectionProtection(exchange, self._cancel_resting)

    def catch_up(self) -> None:
        """Walk to the clock's instant."""
        self._catch_up()

    def now_ms(self) -> int:
        """Virtual time in UTC milliseconds; the state of the exchange is brought up to it."""
        self._catch_up()
        return self.exchange.now_ms

    def _cancel_resting(self) -> None:
        """Cancel what the account has ordered, and tell it to whoever listens."""
        self._catch_up()
        cancel_resting(self.exchange)
        self._tell()

    def flush(self) -> None:
        """Send what the exchange has to tell the account."""
        exchange = self.exchange
        for push in exchange.take_pushes():
            message = {
                "id": exchange.new_id("push", exchange.next_sequence()),
                "topic": push.topic,
                "creationTime": push.at_ms,
                "data": [push.data],
            }
            self._delivery.deliver(push.topic, message)
