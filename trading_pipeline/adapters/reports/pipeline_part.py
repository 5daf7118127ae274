"""What a page about the whole pipeline shows beyond a backtest's: latencies, the ledger, and where to look next."""

from dataclasses import dataclass
from html import escape

from trading_pipeline.adapters.reports.tables import table
from trading_pipeline.domain.model.pipeline_runs import Latency, PipelineRecord

AGAIN = 'make demo ARGS="--keep"'
"""The command that leaves a system like the page's running."""


@dataclass(frozen=True, slots=True)
class Place:
    """A page of the Dagster UI: its path there, and what is to be seen."""

    title: str
    path: str
    seen: str


@dataclass(frozen=True, slots=True)
class PipelinePart:
    """The record, and the Dagster UI that leads into it.

    :param ui: its address while it runs, e.g. ``http://127.0.0.1:3000``; empty once it has ended.
    """

    record: PipelineRecord
    places: tuple[Place, ...]
    ui: str


def lead(part: PipelinePart) -> str:
    """What the reader looks at."""
    source = part.record.source
    return (
        f"<p class='lead'>{escape(source[:1].upper() + source[1:])}, sent bar by bar through the whole system: "
        f"exchange, feed, Dagster, risk gate, orders, ledger. {part.record.waves:,} closing instants, each a Dagster "
        "run; every order below was written down before it was sent.</p>"
    )


def cards(part: PipelinePart) -> str:
    """Latencies at a glance: median and 95th percentile in seconds."""
    shown = (("Close to plan", part.record.plan_latency), ("Close to order", part.record.order_latency))
    return "\n".join(
        f"<div class='card'><span>{title}, p50</span><b>{_seconds(latency.p50_s)}</b>"
        f"<small>p95 {_seconds(latency.p95_s)}</small></div>"
        for title, latency in shown
    )


def further(part: PipelinePart) -> str:
    """Latencies in seconds beside the places that are worth a click."""
    rows = (
        _latency_row("trade plan stored", part.record.plan_latency),
        _latency_row("order acknowledged by the venue", part.record.order_latency),
    )
    latencies = table(("From a close heard to …", "p50", "p95", "Measured"), rows)
    return f"<section class='pair'><div><h2>Latency</h2>{latencies}</div><div>{_places(part)}</div></section>"


def _places(part: PipelinePart) -> str:
    running = "The system of this page runs as long as its terminal does; its Dagster UI shows:"
    ended = f"The system of this page has ended. <code>{escape(AGAIN)}</code> leaves one running, whose page links to:"
    places = "".join(f"<li>{_linked(place, part.ui)}<small>{escape(place.seen)}</small></li>" for place in part.places)
    lines = f"<p class='hint'>{running if part.ui else ended}</p><ul class='places'>{places}</ul>"
    return f"<h2>What to click next</h2>{lines}"


def _linked(place: Place, ui: str) -> str:
    title = escape(place.title)
    return f"<a href='{escape(ui + place.path)}'>{title}</a>" if ui else f"<b>{title}</b>"


def _latency_row(label: str, latency: Latency) -> str:
    cells = (_seconds(latency.p50_s), _seconds(latency.p95_s), f"{latency.samples:,}")
    return f"<tr><th>{label}</th>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _seconds(seconds: float | None) -> str:
    return "n/a" if seconds is None else f"{seconds:.2f} s"
