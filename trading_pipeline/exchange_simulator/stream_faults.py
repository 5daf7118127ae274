"""What private messages suffer on their way to the client."""

import asyncio
from collections.abc import Mapping

from trading_pipeline.exchange_simulator.exchange import Payload
from trading_pipeline.exchange_simulator.faults import Fault, FaultKind, Faults
from trading_pipeline.exchange_simulator.hub import Hub


class Delivery:
    """The way of an account's private messages to their listeners."""

    def __init__(self, hub: Hub, faults: Faults, account: str) -> None:
        self._hub = hub
        self._account = account
        self._faults = faults
        # By topic, messages that let the next one pass.
        self._held: dict[str, list[Payload]] = {}

    def deliver(self, topic: str, message: Payload) -> None:
        """Publish a message, or do to it what is armed for it."""
        data = message["data"]
        symbol = str(data[0].get("symbol", "")) if isinstance(data, list) else ""
        fault = self._faults.spend_on_message(topic, symbol, self._account)
        if fault is not None and fault.kind is FaultKind.REORDER_MESSAGES:
            self._held.setdefault(topic, []).append(message)
            return
        self._suffer(fault, topic, message)
        for late in self._held.pop(topic, []):
            self._publish(topic, late)

    def _suffer(self, fault: Fault | None, topic: str, message: Payload) -> None:
        if fault is None:
            self._publish(topic, message)
        elif fault.kind is FaultKind.DUPLICATE_MESSAGE:
            self._publish(topic, message)
            self._publish(topic, message)
        elif fault.kind is FaultKind.DELAY_MESSAGE:
            asyncio.get_running_loop().call_later(fault.seconds, self._publish, topic, message)
        elif fault.kind is FaultKind.ALTER:
            self._publish(topic, altered(message, fault, "data"))
        elif fault.kind is not FaultKind.DROP_MESSAGE:
            self._publish(topic, message)

    def _publish(self, topic: str, message: Payload) -> None:
        self._hub.publish((topic, f"{topic}.linear"), message)


def altered(message: Mapping[str, object], fault: Fault, rows: str) -> Payload:
    """The message with the fault's field set in each of its rows, or in itself where it has none."""
    found = message.get(rows)
    if not isinstance(found, list):
        return {**message, fault.field: fault.value}
    return {**message, rows: [{**row, fault.field: fault.value} for row in found]}
