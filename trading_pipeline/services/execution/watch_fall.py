"""The circuit breaker between two reconciliations: a fall does not wait for the minute to end."""

from collections.abc import Mapping
from decimal import Decimal

from trading_pipeline.domain.model.accounts import Wallet
from trading_pipeline.domain.model.timeframes import day_of
from trading_pipeline.ports.stores.execution.risk_store import EquityLog, RiskEventLog
from trading_pipeline.services.execution.execution_context import ExecutionContext
from trading_pipeline.services.execution.watch_circuit import watch_circuit


def watch_fall(*, context: ExecutionContext, equity: EquityLog, events: RiskEventLog) -> dict[str, str]:
    """Read the wallet, and where it is lower than at any reading of its UTC day, keep it and look at the breaker.

    Other readings are not kept: asked every second, they would be 86,400 rows a day.

    :returns: instrument to what became of its position, empty unless the hard breaker opened just now.
    :raises TemporaryVenueError: the venue does not answer.
    """
    limits = context.limits.circuit
    if not limits.soft and not limits.hard:
        return {}
    wallet = context.trading.wallet()
    if not _deeper(wallet, equity.lowest_since(day_of(wallet.read_at))):
        return {}
    equity.record(wallet)
    return watch_circuit(context=context, equity=equity, events=events)


def _deeper(wallet: Wallet, lowest: Mapping[str, Decimal]) -> bool:
    """Also where the day has no reading yet: falls are measured from its first."""
    return not lowest or any(
        currency in lowest and held.equity < lowest[currency] for currency, held in wallet.balances.items()
    )
