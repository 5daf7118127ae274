"""Leave a position because its strategy says so: by an exit, or by a signal of the other side."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from trading_pipeline.domain.model.orders import IntentRecord, Purpose
from trading_pipeline.domain.model.plans import Opposite, TradePlan
from trading_pipeline.domain.model.positions import Position
from trading_pipeline.domain.model.signals import SignalKind
from trading_pipeline.services.execution.close_position import close_position
from trading_pipeline.services.execution.execution_context import ExecutionContext

_WORDS = {
    Purpose.SIGNAL_EXIT: "the strategy leaves",
    Purpose.OPPOSITE_EXIT: "the strategy signals the other side",
    Purpose.REVERSAL: "the strategy reverses",
}
_BY_OPPOSITE = {Opposite.CLOSE: Purpose.OPPOSITE_EXIT, Opposite.REVERSE: Purpose.REVERSAL}


@dataclass(frozen=True, slots=True)
class _Leaving:
    """Why the position is left, and the signal that says so."""

    purpose: Purpose
    signal_id: str | None


def leave_by_signal(
    *,
    context: ExecutionContext,
    plan: TradePlan,
    position: Position,
    made: Sequence[IntentRecord],
    bar_close: datetime,
) -> str | None:
    """Close the position at market where a signal asks for it; a close once begun is carried on.

    Looked at is every close of the plan's timeframe that the position was open in, not the newest alone: a
    signal that was found late, or whose wave was missed, still closes. One that closed is not met again,
    because then there is no position.

    :param made: the plan's intents so far.
    :param bar_close: the newest close of the position's timeframe.
    :returns: what was done, for the record; ``None`` when the position stays.
    :raises VenueError: it is not known whether the position is closed; doing it again is harmless.
    """
    # A close once begun keeps its reason, although another signal may have come since.
    leaving = _begun(made) or _decided(context, plan, position, bar_close)
    if leaving is None:
        return None
    flat = close_position(context=context, plan=plan, purpose=leaving.purpose, signal_id=leaving.signal_id)
    return f"{_WORDS[leaving.purpose]}: {'closed' if flat else 'closing failed'}"


def _begun(made: Sequence[IntentRecord]) -> _Leaving | None:
    for record in made:
        if record.intent.purpose in _WORDS:
            return _Leaving(record.intent.purpose, record.intent.signal_id)
    return None


def _decided(context: ExecutionContext, plan: TradePlan, position: Position, bar_close: datetime) -> _Leaving | None:
    """The strategy's exit before a signal of the other side, each only where the plan has the rule."""
    opened_at, rules = position.opened_at, plan.exit_rules
    # Filled at this very close: the bar that decided the entry cannot end it.
    if opened_at is None or opened_at >= bar_close:
        return None
    # The strategy's own exit first, as the engine asks: the first that applies names the exit.
    if rules.strategy_exits:
        signal = context.signals.earliest(plan, SignalKind.EXIT, plan.bias, opened_at, bar_close)
        if signal is not None:
            return _Leaving(Purpose.SIGNAL_EXIT, signal.signal_id)
    if rules.opposite is not Opposite.IGNORE:
        signal = context.signals.earliest(plan, SignalKind.ENTRY, plan.bias.opposite, opened_at, bar_close)
        if signal is not None:
            return _Leaving(_BY_OPPOSITE[rules.opposite], signal.signal_id)
    return None
