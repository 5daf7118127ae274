"""Which closes are decided as a whole: one close is one decision over all timeframes."""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, select

from trading_pipeline.adapters.stores.postgres.tables import waves


def whole(close_time: ColumnElement[datetime]) -> ColumnElement[bool]:
    """Whether every timeframe that was heard to close at this instant (UTC) is computed or given up."""
    open_wave = waves.alias()
    waits = open_wave.c.computed_at.is_(None), open_wave.c.given_up_at.is_(None)
    return ~select(1).where(open_wave.c.close_time == close_time, *waits).exists()


def decided(close_time: ColumnElement[datetime]) -> ColumnElement[bool]:
    """Whether plans of this close may be executed: it is whole, or a later close is.

    The second half is for a timeframe whose computation fails for good. Its absence must not hold the others'
    plans for ever: they are executed late while they are valid, or expire.
    """
    later = waves.alias()
    passed = select(1).where(
        and_(later.c.close_time > close_time, later.c.computed_at.is_not(None), whole(later.c.close_time))
    )
    return or_(whole(close_time), passed.exists())
