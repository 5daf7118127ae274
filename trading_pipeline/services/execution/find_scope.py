"""Which scope a person means."""

from trading_pipeline.domain.model.universe import Universe
from trading_pipeline.domain.risk.halts import scope_named
from trading_pipeline.ports.stores.execution.ledger import PositionBook
from trading_pipeline.ports.stores.execution.risk_store import HaltRegister


def find_scope(*, text: str, universe: Universe, halts: HaltRegister, positions: PositionBook) -> str:
    """``all``, or an instrument that is traded, held or halted: reconciliation halts what no file names, too.

    :raises ConfigurationError: it is none of them.
    """
    halted = [halt.scope for halt in halts.halts()]
    held = [position.instrument_id for position in positions.live_positions()]
    return scope_named(text, universe.venue, {*universe.instrument_ids, *halted, *held})
