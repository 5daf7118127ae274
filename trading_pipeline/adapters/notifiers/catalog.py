"""The ways to reach the operator: a file and a line each."""

from importlib import import_module

from trading_pipeline.adapters.notifiers.broadcast import Broadcast
from trading_pipeline.ports.notifications import Notifier

NOTIFIERS = (
    "trading_pipeline.adapters.notifiers.log:LogNotifier",
)  # fmt: skip
"""Module and class, which is made without arguments; what it needs to know are settings."""


def operator_notifier(*kept: Notifier) -> Notifier:
    """Every way there is, as one.

    :param kept: where the process keeps what it tells; told after the ways that need nothing.
    """
    return Broadcast([*(_made(way) for way in NOTIFIERS), *kept])


def _made(way: str) -> Notifier:
    module, attribute = way.split(":")
    made: Notifier = getattr(import_module(module), attribute)()
    return made
