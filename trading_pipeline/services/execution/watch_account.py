"""What the account does about itself, every minute: its pauses and its circuit breaker."""

from trading_pipeline.ports.stores.execution.risk_store import EntryHealthReader, EquityLog, RiskEventLog
from trading_pipeline.services.execution.execution_context import ExecutionContext
from trading_pipeline.services.execution.watch_circuit import watch_circuit
from trading_pipeline.services.execution.watch_lag import watch_lag
from trading_pipeline.services.execution.watch_venue import watch_venue


def watch_account(
    *, context: ExecutionContext, equity: EquityLog, health: EntryHealthReader, events: RiskEventLog
) -> dict[str, str]:
    """Pause, go on, tell of a lag, open the breaker, close what the hard one closes; by what was read of it last.

    :returns: instrument to what became of its position, empty unless the hard breaker opened just now.
    :raises TemporaryVenueError: the venue does not answer while positions are closed; the next call goes on.
    """
    watch_venue(context=context, health=health, events=events)
    watch_lag(context=context, health=health, events=events)
    return watch_circuit(context=context, equity=equity, events=events)
