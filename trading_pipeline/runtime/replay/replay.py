"""``trading-pipeline replay``: bars through the whole pipeline and the simulator, and what came of it."""

from pathlib import Path

from rich.console import Console

from trading_pipeline.adapters.stores.research.trade_history import PostgresTradeHistory
from trading_pipeline.adapters.stores.strategy.signal_store import PostgresSignalStore
from trading_pipeline.runtime.replay.last_reading import with_last_reading
from trading_pipeline.runtime.replay.replay_plan import ReplayPlan
from trading_pipeline.runtime.replay.replay_question import replay_question
from trading_pipeline.runtime.replay.replay_report import write_replay_report
from trading_pipeline.runtime.replay.replaying import Replayed, replayed
from trading_pipeline.runtime.replay.report import print_report
from trading_pipeline.services.research.check_parity import check_parity
from trading_pipeline.services.research.compare_parity import ParityReport


def run_replay(plan: ReplayPlan, config_dir: Path, reports_dir: Path, run_id: str, *, parity: bool) -> bool:
    """Replay until idle and write ``replay_<run_id>.md``, ``.json`` and ``.html``.

    :param parity: compare with the plain backtest of the same configuration and bars.
    :returns: whether backtest and pipeline agree; true when they were not compared.
    :raises ConfigurationError: something it was given cannot work.
    :raises DataError: the backfill or a wave did not finish.
    """
    console = Console()
    with replayed(plan, config_dir, console) as running:
        done = with_last_reading(plan, running)
        report = _parity(plan, done) if parity else None
        path = write_replay_report(reports_dir, run_id, plan, done, report)
        print_report(console, done.header, done.facts, path)
    if report is not None:
        console.print(_verdict(report), markup=False)
    return report is None or report.equal


def _parity(plan: ReplayPlan, done: Replayed) -> ParityReport:
    question = replay_question(plan, done)
    return check_parity(question, PostgresSignalStore(done.engine), PostgresTradeHistory(done.engine))


def _verdict(report: ParityReport) -> str:
    lines = [f"parity  {report.summary()}"]
    return "\n".join(lines + [f"        {difference}" for difference in report.differences])
