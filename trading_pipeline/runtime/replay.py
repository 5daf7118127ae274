"""``trading-pipeline replay``: bars through the whole pipeline and the simulator, and what came of it."""

from pathlib import Path

from rich.console import Console

from trading_pipeline.runtime.parity import replay_parity
from trading_pipeline.runtime.replay_plan import ReplayPlan
from trading_pipeline.runtime.replay_report import write_replay_report
from trading_pipeline.runtime.replaying import replayed
from trading_pipeline.runtime.report import print_report
from trading_pipeline.services.compare_parity import ParityReport
from trading_pipeline.settings import Settings


def run_replay(plan: ReplayPlan, settings: Settings, reports_dir: Path, run_id: str, *, parity: bool) -> bool:
    """Replay until idle and write ``replay_<run_id>.md``, ``.json`` and ``.html``.

    :param parity: compare with the backtest engine on the same bars.
    :returns: whether engine and pipeline agree; true when they were not compared.
    :raises ConfigurationError: something it was given cannot work.
    :raises DataError: the backfill or a wave did not finish.
    """
    console = Console()
    with replayed(plan, settings, console) as done:
        reports = replay_parity(plan, done) if parity else ()
        path = write_replay_report(reports_dir, run_id, plan, done, reports)
        print_report(console, done.header, done.facts, path)
    for report in reports:
        console.print(_verdict(report), markup=False)
    return all(report.equal for report in reports)


def _verdict(report: ParityReport) -> str:
    lines = [f"parity  {report.summary()}"]
    return "\n".join(lines + [f"        {difference}" for difference in report.differences])
