"""What a materialisation of bars shows of the whole run, beside what each partition shows of itself."""

from collections import Counter
from collections.abc import Sequence

import dagster as dg

from trading_pipeline.domain.model.holes import Outage
from trading_pipeline.services.market_data.bars_report import BarsReport

_SHOWN_OUTAGES = 50
"""The others are listed by the API and the command line."""


def metadata_of(report: BarsReport) -> dict[str, dg.MetadataValue]:
    """What the whole run did."""
    last = report.last_close.isoformat() if report.last_close else "none"
    # A table only where there is something to see: mostly the venue has lost nothing.
    lost = {"outages": _outage_table(report.outages)} if report.outages else {}
    return {
        **lost,
        "bars_checked": dg.MetadataValue.int(report.checks.bars),
        "rows_changed": dg.MetadataValue.int(report.changed),
        "last_close": dg.MetadataValue.text(last),
        "noticed": dg.MetadataValue.json(dict(Counter(event.kind.value for event in report.noticed))),
        "gaps_healed": dg.MetadataValue.json({gap.instrument_id: gap.healed for gap in report.gaps if gap.healed}),
    }


def _outage_table(outages: Sequence[Outage]) -> dg.MetadataValue:
    """What the venue has lost of the bars that the run read, with its answers."""
    rows = [
        dg.TableRecord(
            {
                "instrument_id": one.instrument_id,
                "first_open": one.first_open.isoformat(),
                "end": one.end.isoformat(),
                "bars": one.bars,
                "asked_at": one.asked_at.isoformat(),
                "asked_again_at": one.asked_again_at.isoformat(),
                "answer": one.answer,
            }
        )
        for one in outages[:_SHOWN_OUTAGES]
    ]
    return dg.MetadataValue.table(rows)
