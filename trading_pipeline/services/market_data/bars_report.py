"""What a materialisation of bars did and found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from trading_pipeline.domain.model.checks import FailedBars
from trading_pipeline.domain.model.holes import Outage
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.quality import QualityEvent
from trading_pipeline.services.market_data.check_bars import CheckReport
from trading_pipeline.services.market_data.fill_gaps import GapReport


@dataclass(frozen=True, slots=True)
class BarsReport:
    """What the days hold now.

    :param changed: bars written; 0 on a rerun.
    :param failed: everything that fails of the timeframe, of other days and instruments, too.
    :param last_close: newest close of the days, ``None`` when no bar has closed.
    :param noticed: what is worth a look and decides nothing.
    :param outages: what the venue has lost of the days and of the bars that they look back on, the newest first.
    :param newest_closes: the last closing prices by instrument, quote currency, oldest first, for a picture.
    """

    gaps: tuple[GapReport, ...]
    changed: int
    checks: CheckReport
    failed: tuple[FailedBars, ...]
    last_close: datetime | None
    newest_closes: dict[InstrumentId, list[float]]
    noticed: tuple[QualityEvent, ...]
    outages: tuple[Outage, ...] = ()


def joined(reports: Sequence[BarsReport], failed: Sequence[FailedBars]) -> BarsReport:
    """What was done of one instrument after the other."""
    against = tuple(check for one in reports for check in one.checks.failed)
    return BarsReport(
        gaps=tuple(gap for one in reports for gap in one.gaps),
        changed=sum(one.changed for one in reports),
        checks=CheckReport(sum(one.checks.bars for one in reports), against),
        failed=tuple(failed),
        last_close=max((one.last_close for one in reports if one.last_close), default=None),
        newest_closes={name: closes for one in reports for name, closes in one.newest_closes.items()},
        noticed=tuple(event for one in reports for event in one.noticed),
        outages=tuple(outage for one in reports for outage in one.outages),
    )


def outages_in(outages: Mapping[InstrumentId, Sequence[Outage]], start: datetime, end: datetime) -> tuple[Outage, ...]:
    """Those that touch a range (UTC), the newest first of each instrument."""
    of_all = (one for several in outages.values() for one in reversed(several))
    return tuple(one for one in of_all if start < one.end and one.first_open < end)
