"""Which scope a person means."""

from trading_pipeline.domain.model.halts import HaltScope, scope_named
from trading_pipeline.domain.model.universe import Universe
from trading_pipeline.ports.stores.execution.account_overview import AccountOverview
from trading_pipeline.ports.stores.execution.risk_store import HaltRegister


def find_scope(
    *, text: str, universe: Universe, halts: HaltRegister, positions: AccountOverview, lifting: bool
) -> HaltScope:
    """``all``, an account, or an instrument that is traded, held or halted: reconciliation halts what no file names.

    :param lifting: a halt that stands is looked for; else an instrument means itself in every account.
    :raises ConfigurationError: it is none of them.
    """
    halted = [halt.scope for halt in halts.halts()]
    held = {name for one in positions.live_positions() for name in (one.account_id, one.instrument_id)}
    named = {str(scope.instrument_id) for scope in halted if scope.instrument_id}
    known = {*universe.instrument_ids, *positions.account_ids(), *held, *named}
    # For a new halt the halted scopes are kept out, so that a symbol means itself everywhere and not in one account.
    return scope_named(text, universe.venue, known, halted if lifting else ())
