"""A backtest as one HTML page that needs nothing else: no network, no server, no other file."""

import json
from collections.abc import Mapping
from html import escape
from pathlib import Path
from string import Template

import pandas as pd

from trading_pipeline.adapters.reports import pipeline_part, tables
from trading_pipeline.adapters.reports.chart_data import (
    bars_document,
    equity_document,
    open_positions_document,
    trades_document,
)
from trading_pipeline.adapters.reports.ledger_tables import ledger_tables
from trading_pipeline.adapters.reports.pipeline_part import PipelinePart
from trading_pipeline.domain.model.backtest_runs import RunRecord
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.signals import Details

_PAGE = Path(__file__).parent / "page"
_SCRIPTS = ("series.js", "canvas.js", "price.js", "lines.js", "trades.js", "page.js")


def html_report(run: RunRecord, bars: Mapping[InstrumentId, pd.DataFrame], part: PipelinePart | None = None) -> str:
    """The page as text.

    :param bars: frames with ``BAR_COLUMNS`` by instrument, warm-up included; the page shows the bars of the run.
    :param part: of a run through the whole pipeline; ``None`` for a backtest.
    """
    initial = _initial(run.params)
    instrument_ids = sorted(bars)
    data = {
        "instrument_ids": instrument_ids,
        "bars": [bars_document(_shown(bars[instrument_id], run)) for instrument_id in instrument_ids],
        "equity": equity_document(run.curve, initial),
        "trades": trades_document(run.trades, instrument_ids),
        "open": [] if part is None else open_positions_document(part.record.open_positions, instrument_ids),
        "initial": initial,
    }
    texts = {
        "title": escape(f"{run.params['strategy']} on {', '.join(instrument_ids)} {run.params['timeframe']}"),
        "strategy": escape(str(run.params["strategy"])),
        "market": escape(f"{', '.join(instrument_ids)} · {run.params['timeframe']}"),
        "period": _period(run),
        "run_id": escape(run.run_id),
        "rules_used": escape(run.rules),
        "cards": tables.cards(run),
        **_pipeline_texts(part),
        "notes": tables.notes(run),
        "months": tables.months(run.curve, initial),
        "figures": tables.figures(run.metrics),
        "exits": tables.exits(run.trades),
        "signal_outcomes": tables.signal_outcomes(run.metrics),
        "rules": tables.rules(run.params),
        "options": "".join(
            f"<option value='{place}'>{escape(one)}</option>" for place, one in enumerate(instrument_ids)
        ),
        "style": (_PAGE / "page.css").read_text(encoding="utf-8"),
        "script": "\n".join((_PAGE / name).read_text(encoding="utf-8") for name in _SCRIPTS),
        # "</script>" inside a name would end the block; JSON may write the slash escaped.
        "data": json.dumps(data, allow_nan=False, separators=(",", ":")).replace("</", "<\\/"),
    }
    return Template((_PAGE / "page.html").read_text(encoding="utf-8")).substitute(texts)


def _pipeline_texts(part: PipelinePart | None) -> dict[str, str]:
    if part is None:
        return dict.fromkeys(("lead", "latency_cards", "further", "ledger"), "")
    return {
        "lead": pipeline_part.lead(part),
        "latency_cards": pipeline_part.cards(part),
        "further": pipeline_part.further(part),
        "ledger": ledger_tables(part.record, part.ui),
    }


def _shown(bars: pd.DataFrame, run: RunRecord) -> pd.DataFrame:
    """The bars whose close is on the equity curve; the warm-up before it is left out."""
    first = pd.Timestamp(int(run.curve.close_ms[0]), unit="ms", tz="UTC")
    shown: pd.DataFrame = bars[bars["close_time"] >= first]
    return shown


def _period(run: RunRecord) -> str:
    first, last = (pd.Timestamp(int(at), unit="ms", tz="UTC") for at in run.curve.close_ms[[0, -1]])
    return f"{first:%d %b %Y} – {last:%d %b %Y}"  # noqa: RUF001 - a range of dates is written so


def _initial(params: Details) -> float:
    """Capital at the start, quote currency."""
    capital = params["initial_capital"]
    return float(capital) if isinstance(capital, int | float) else 0.0
