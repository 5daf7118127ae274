"""``trading-pipeline demo``: a fresh system, a backfill, a day of replay, and a report."""

from pathlib import Path

from rich.console import Console

from trading_pipeline.runtime.replay.replay_plan import ReplayPlan
from trading_pipeline.runtime.replay.replaying import replayed
from trading_pipeline.runtime.replay.report import print_report
from trading_pipeline.runtime.supervision.stages import Stages
from trading_pipeline.runtime.supervision.welcome import welcome


def run_demo(plan: ReplayPlan, config_dir: Path, reports_dir: Path, *, keep: bool) -> None:
    """Run the demo from an empty state folder to its report.

    :param keep: leave everything running after the report until Ctrl-C.
    :raises ConfigurationError: something it was given cannot work.
    :raises DataError: the backfill or a wave did not finish.
    """
    console = Console()
    name = f"demo_{plan.start:%Y%m%d}_{plan.days:g}d_{'recorded' if plan.bars_dir else f'seed{plan.seed}'}"
    with replayed(plan, config_dir, console) as running:
        # here alone: charts and frames take memory that the minutes before the report do without
        from trading_pipeline.runtime.replay.last_reading import with_last_reading
        from trading_pipeline.runtime.replay.replay_report import write_demo_report

        done = with_last_reading(plan, running)
        page = write_demo_report(reports_dir, name, plan, done, ui=done.system.webserver if keep else "")
        print_report(console, done.header, done.facts, page)
        if keep:
            console.print(f"Everything keeps running; Dagster UI {done.system.webserver}. Ctrl-C ends it.")
            if plan.api_port:
                done.system.start_api()
                welcome(done.system.state, Stages(console))
            while not done.stop.wait(0.5):
                done.system.check()
