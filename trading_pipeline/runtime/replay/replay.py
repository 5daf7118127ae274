"""``trading-pipeline replay``: bars through the whole pipeline and the simulator, and what came of it."""

from dataclasses import replace
from pathlib import Path

from rich.console import Console

from trading_pipeline.adapters.stores.accounting.equity_store import PostgresEquityLog
from trading_pipeline.adapters.stores.execution.account_register import PostgresAccountRegister
from trading_pipeline.adapters.stores.research.replay_facts import replay_facts
from trading_pipeline.domain.model.identity import TradingMode
from trading_pipeline.runtime.replay.parity import replay_parity
from trading_pipeline.runtime.replay.replay_plan import ReplayPlan
from trading_pipeline.runtime.replay.replay_report import write_replay_report
from trading_pipeline.runtime.replay.replaying import Replayed, replayed
from trading_pipeline.runtime.replay.report import print_report
from trading_pipeline.services.accounting.record_equity import record_equity
from trading_pipeline.services.execution.identify_account import identify_account
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
        done = _with_last_reading(plan, running)
        report = replay_parity(plan, done) if parity else None
        path = write_replay_report(reports_dir, run_id, plan, done, report)
        print_report(console, done.header, done.facts, path)
    if report is not None:
        console.print(_verdict(report), markup=False)
    return report is None or report.equal


def _with_last_reading(plan: ReplayPlan, done: Replayed) -> Replayed:
    """The account is read once more at the end: a replay without an order would have no reading at all."""
    exchange = done.system.exchange
    if exchange is None:
        return done
    venue, register = exchange.venue(), PostgresAccountRegister(done.engine)
    account_id = identify_account(register=register, venue=venue, mode=TradingMode.SIMULATED)
    record_equity(trading=venue.trading(), equity=PostgresEquityLog(done.engine, account_id))
    return replace(done, facts=replay_facts(done.engine, plan.since, plan.end))


def _verdict(report: ParityReport) -> str:
    lines = [f"parity  {report.summary()}"]
    return "\n".join(lines + [f"        {difference}" for difference in report.differences])
