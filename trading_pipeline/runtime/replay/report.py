"""The report at the end of a demo or replay: a table for the terminal, Markdown and a plot for keeps."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from rich.console import Console
from rich.table import Table

from trading_pipeline.adapters.stores.research.replay_facts import ReplayFacts
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.pipeline_runs import Latency


@dataclass(frozen=True, slots=True)
class ReportHeader:
    """What was replayed.

    :param source: where the bars came from, e.g. ``seed 7``.
    :param backfill_s: wall seconds of the backfill, bars through plans.
    :param replay_s: wall seconds of the replay.
    """

    source: str
    instrument_ids: tuple[InstrumentId, ...]
    start: datetime
    end: datetime
    backfilled_days: int
    backfill_s: float
    replay_s: float


def report_rows(header: ReportHeader, facts: ReplayFacts) -> list[tuple[str, str]]:
    """Label and value of every line, in reading order."""
    counts = facts.counts
    return [
        ("bars", f"{header.source}: {', '.join(header.instrument_ids)}"),
        ("replayed", f"{header.start:%Y-%m-%d %H:%M} to {header.end:%Y-%m-%d %H:%M} UTC in {header.replay_s:.1f} s"),
        ("backfilled", f"{header.backfilled_days} days in {header.backfill_s:.1f} s"),
        ("waves", str(counts["waves"])),
        ("signals", f"{counts['signals']} to enter, {counts['exit_signals']} to leave"),
        ("trade plans", f"{counts['plans']} ({_listed(facts.plan_statuses)})"),
        ("orders", str(counts["orders"])),
        ("fills", str(counts["fills"])),
        ("closed trades", f"{counts['closed_trades']} ({_listed(facts.exit_reasons)})"),
        ("open positions", str(counts["open_positions"])),
        ("net PnL", f"{facts.pnl_usdt:+.2f} USDT, {facts.pnl_r:+.2f} R, after fees and funding"),
        ("close → plan stored", _spelled(facts.plan_latency)),
        ("close → order acknowledged", _spelled(facts.order_latency)),
    ]


def write_report(folder: Path, name: str, header: ReportHeader, facts: ReplayFacts) -> Path:
    """Write ``<name>.md`` and ``<name>.png`` into ``folder``; returns the path of the Markdown file."""
    # here alone: plotting takes 50 MB that the minutes before the report do without
    from trading_pipeline.adapters.plots.equity_curve import draw_equity_curve

    folder.mkdir(parents=True, exist_ok=True)
    # Beside the page and named relative to it, so that the folder can be moved or sent as it is.
    plot = folder / f"{name}.png"
    draw_equity_curve(plot, facts.equity, f"Equity, {header.source}")
    lines = [f"# Replay of {header.source}", "", "| | |", "|---|---|"]
    lines += [f"| {label} | {value} |" for label, value in report_rows(header, facts)]
    lines += ["", f"![equity]({plot.name})", "", "## Closed trades", ""]
    lines += ["| instrument | tf | bias | opened | closed | entry | quantity | exit | net USDT | net R |"]
    lines += ["|---|---|---|---|---|--:|--:|---|--:|--:|"]
    lines += [
        f"| {trade.instrument_id} | {trade.timeframe} | {trade.bias} | {trade.opened_at:%m-%d %H:%M} "
        f"| {trade.closed_at:%m-%d %H:%M} | {trade.entry_price.normalize():f} | {trade.entry_quantity.normalize():f} "
        f"| {trade.exit_reason} | {trade.pnl_usdt:+.2f} | {_in_r(trade.pnl_r)} |"
        for trade in facts.trades
    ]
    path = folder / f"{name}.md"
    path.write_text("\n".join(lines) + "\n")
    return path


def print_report(console: Console, header: ReportHeader, facts: ReplayFacts, page: Path) -> None:
    """Show the table and where the files are.

    :param page: the HTML file; the Markdown lies beside it.
    """
    table = Table(title="Replay report", show_header=False, title_justify="left")
    for label, value in report_rows(header, facts):
        table.add_row(label, value)
    console.print(table)
    # a path is not to be wrapped: it is there to be copied
    console.print(f"open    {page.resolve()}\nor read {page.with_suffix('.md')}", soft_wrap=True)


def _in_r(result: Decimal | None) -> str:
    return "" if result is None else f"{result:+.2f}"


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items()) or "none"


def _spelled(latency: Latency) -> str:
    if latency.p50_s is None or latency.p95_s is None:
        return "nothing to measure"
    return f"p50 {latency.p50_s:.2f} s, p95 {latency.p95_s:.2f} s"
