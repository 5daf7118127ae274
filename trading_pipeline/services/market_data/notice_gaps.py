"""What a run or the feed has to say about bars that were missing, came late, or came again."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from trading_pipeline.domain.model.bar_history import Mend, Revision
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.quality import QualityEvent, QualityKind, Severity
from trading_pipeline.domain.model.timeframes import Timeframe, to_ms


def gap_noticed(
    instrument_id: InstrumentId, timeframe: Timeframe, open_times: Sequence[datetime], now: datetime
) -> QualityEvent:
    """Bars that closed and are not there; told once for the first of them.

    :param open_times: of all of them, UTC, ascending, at least one.
    :param now: venue time, UTC.
    """
    first, end = open_times[0], open_times[-1] + timeframe.duration
    detail = {"prev_close_time_ms": to_ms(first), "next_open_time_ms": to_ms(end), "missing_bars": len(open_times)}
    # The event is named by its first bar, so that a gap which grows stays one event.
    close = first + timeframe.duration
    return QualityEvent(QualityKind.DATA_GAP, Severity.IMPORTANT, now, instrument_id, timeframe, close, detail)


def backfill_noticed(
    instrument_id: InstrumentId, timeframe: Timeframe, filled: int, start: datetime, end: datetime, now: datetime
) -> QualityEvent:
    """Bars that were missing and have come, between an open time and a closing instant (UTC)."""
    detail = {"filled_bars": filled, "range_start_ms": to_ms(start), "range_end_ms": to_ms(end)}
    return QualityEvent(QualityKind.BACKFILL_DONE, Severity.INFO, now, instrument_id, timeframe, end, detail)


def outages_noticed(
    instrument_id: InstrumentId, timeframe: Timeframe, lost: Sequence[datetime], now: datetime
) -> Iterator[QualityEvent]:
    """One for each stretch of bars in a row that the venue has lost.

    :param lost: open times, UTC, ascending.
    """
    begin = 0
    for place in range(1, len(lost) + 1):
        if place == len(lost) or lost[place] - lost[place - 1] > timeframe.duration:
            first, end = lost[begin], lost[place - 1] + timeframe.duration
            detail = {"lost_bars": place - begin, "range_start_ms": to_ms(first), "range_end_ms": to_ms(end)}
            yield QualityEvent(QualityKind.OUTAGE, Severity.IMPORTANT, now, instrument_id, timeframe, end, detail)
            begin = place


def lag_noticed(
    timeframe: Timeframe, close_time: datetime | None, now: datetime, limit: timedelta
) -> Iterator[QualityEvent]:
    """A wave that is computed late, unless the limit is 0 or it is none."""
    if close_time is not None and timedelta() < limit < now - close_time:
        lag_ms, limit_ms = (int(span / timedelta(milliseconds=1)) for span in (now - close_time, limit))
        # A little over the limit happens; twice the limit is a system that does not keep up.
        severity = Severity.IMPORTANT if lag_ms > 2 * limit_ms else Severity.INFO
        detail = {"close_time_ms": to_ms(close_time), "lag_ms": lag_ms, "threshold_ms": limit_ms}
        yield QualityEvent(QualityKind.DATA_LAG, severity, now, None, timeframe, close_time, detail)


def reconnect_noticed(name: str, sessions: int, now: datetime) -> QualityEvent:
    """A stream that was lost and is heard again.

    :param sessions: how often it was connected since the process began.
    """
    detail = {"stream": name, "connect_count": sessions}
    return QualityEvent(QualityKind.WS_RECONNECT, Severity.IMPORTANT, now, detail=detail, told_apart_by=name)


def revisions_noticed(revisions: Sequence[Revision]) -> Iterator[QualityEvent]:
    """Bars that a source told otherwise than before."""
    for one in revisions:
        close = one.open_time + one.timeframe.duration
        diffs = {name: {"old": old, "new": new} for name, (old, new) in one.changes.items()}
        detail = {"close_time_ms": to_ms(close), "diffs": diffs, "source": one.source.value}
        # The same bar may be told otherwise again and again.
        apart = f"{one.source} {' '.join(one.became.values())}"
        kind = QualityKind.BAR_DUPLICATE
        yield QualityEvent(kind, Severity.IMPORTANT, close, one.instrument_id, one.timeframe, close, detail, apart)


def mend_noticed(revision: Revision, mend: Mend, now: datetime) -> QualityEvent:
    """A bar that a person mended."""
    close = revision.open_time + revision.timeframe.duration
    detail = {"was": dict(revision.was), "became": dict(revision.became), "reason": mend.reason, "actor": mend.actor}
    name, timeframe = revision.instrument_id, revision.timeframe
    kind = QualityKind.BAR_MENDED
    return QualityEvent(kind, Severity.IMPORTANT, now, name, timeframe, close, detail, mend.command_id)
