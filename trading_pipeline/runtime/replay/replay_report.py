"""What a demo or a replay leaves behind: a page with charts, Markdown for reading, JSON for programs."""

from dataclasses import asdict
from pathlib import Path

from trading_pipeline.adapters.files.run_files import run_document, write_document, write_text
from trading_pipeline.domain.model.signals import Details
from trading_pipeline.runtime.replay.page import replay_page
from trading_pipeline.runtime.replay.replay_plan import ReplayPlan
from trading_pipeline.runtime.replay.replay_record import run_record, traded
from trading_pipeline.runtime.replay.replaying import Replayed
from trading_pipeline.runtime.replay.report import write_report
from trading_pipeline.services.research.compare_parity import ParityReport

_NAMED = 50
"""Differences that a report spells out."""


def write_demo_report(folder: Path, name: str, plan: ReplayPlan, done: Replayed, ui: str) -> Path:
    """Write ``<name>.md``, its plot and ``<name>.html``; returns the path of the page.

    :param ui: address of the Dagster UI that stays up; empty where the system ends with the report.
    :raises ConfigurationError: the folder cannot be written to.
    """
    path = write_report(folder, name, done.header, done.facts).with_suffix(".html")
    rows = traded(plan, done)
    write_text(path, replay_page(run_record(name, plan, done, rows), rows, plan, done, ui))
    return path


def write_replay_report(
    folder: Path, run_id: str, plan: ReplayPlan, done: Replayed, parity: ParityReport | None
) -> Path:
    """Write ``replay_<run_id>.md``, ``.json``, ``.html`` and the plot; returns the path of the page.

    :raises ConfigurationError: the folder cannot be written to.
    """
    name = f"replay_{run_id}"
    path = write_report(folder, name, done.header, done.facts)
    if parity is not None:
        write_text(path, path.read_text(encoding="utf-8") + _parity_section(parity))
    rows = traded(plan, done)
    record = run_record(run_id, plan, done, rows)
    write_document(folder / f"{name}.json", {**run_document(record), **_document(done, parity)})
    page = path.with_suffix(".html")
    write_text(page, replay_page(record, rows, plan, done, ui=""))
    return page


def _document(done: Replayed, parity: ParityReport | None) -> Details:
    """What a replay has beyond a backtest."""
    facts, header = done.facts, done.header
    return {
        "replay": asdict(header),
        "counts": dict(facts.counts),
        "plan_statuses": dict(facts.plan_statuses),
        "exit_reasons": dict(facts.exit_reasons),
        "latency_s": {"plan": asdict(facts.plan_latency), "order": asdict(facts.order_latency)},
        "pnl_usdt": float(facts.pnl_usdt),
        "pnl_r": float(facts.pnl_r),
        "equity": [{"time": at, "equity_usdt": float(value)} for at, value in facts.equity],
        "parity": None if parity is None else {**asdict(parity), "equal": parity.equal},
    }


def _parity_section(parity: ParityReport) -> str:
    lines = ["", "## Parity with the backtest", "", f"- {parity.summary()}"]
    lines += [f"  - {difference}" for difference in parity.differences[:_NAMED]]
    if len(parity.differences) > _NAMED:
        lines.append(f"  - and {len(parity.differences) - _NAMED} more")
    return "\n".join(lines) + "\n"
