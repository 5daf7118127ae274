"""Replay thirty days and more of real bars through everything, three strategies, and compare with the engine.

    python benchmarks/parity.py --bars DIR [--days 30] [--bare] [STRATEGY ...]

One line per strategy; exit code 1 when anything differs. The whole pipeline runs: exchange simulator,
feed, Dagster, workers, PostgreSQL and Redis, in lock-step. ``--bare`` calls the same services in one
process instead, about a third of a second a wave on two cores.
"""

import argparse
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

INSTRUMENT_IDS = ("ADAUSDT", "BTCUSDT", "SOLUSDT")


@dataclass(frozen=True)
class Case:
    """One strategy and where it is replayed; looser than the defaults where a month has too few signals."""

    timeframe: str
    start: str
    parameters: tuple[str, ...] = ()


CASES = {
    "supertrend": Case("4h", "2026-01-15"),
    "rsi": Case("4h", "2026-01-15", ("oversold=40", "overbought=60")),
    "divergence": Case("1h", "2026-03-25", ("min_confirmations=0",)),
}


def main() -> int:
    """Replay one strategy after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bars", type=Path, required=True, help="folder of recorded bars")
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("strategies", nargs="*", metavar="STRATEGY", help="of supertrend, rsi, divergence; else all")
    parser.add_argument("--bare", action="store_true", help="services in one process, without Dagster and feed")
    parser.add_argument("--port", type=int, default=3917, help="of the Dagster UI")
    options = parser.parse_args()
    run = bare if options.bare else whole
    chosen = options.strategies or list(CASES)
    equal = [run(name, CASES[name], options) for name in chosen]
    return 0 if all(equal) else 1


def whole(name: str, case: Case, options: argparse.Namespace) -> bool:
    """``trading-pipeline replay --parity`` with a state folder of its own."""
    with tempfile.TemporaryDirectory(prefix="parity-", ignore_cleanup_errors=True) as folder:
        # PostgreSQL runs as a user of its own under root
        Path(folder).chmod(0o755)
        command = [
            *(sys.executable, "-m", "trading_pipeline.cli.main", "replay", "--parity"),
            *("--bars", str(options.bars), "--symbols", ",".join(INSTRUMENT_IDS), "--timeframes", case.timeframe),
            *("--strategy", name, *(part for one in case.parameters for part in ("--param", one))),
            *("--from", case.start, "--days", str(options.days), "--backfill-days", "90"),
            *("--run-id", f"parity_{name}", "--state-dir", f"{folder}/state", "--port", str(options.port)),
        ]
        return subprocess.run(command, check=False).returncode == 0


def bare(name: str, case: Case, options: argparse.Namespace) -> bool:
    """The services alone, on an exchange and a database of their own."""
    from trading_pipeline.adapters.stores.postgres.database import connect, ensure_database
    from trading_pipeline.adapters.stores.postgres.migration import migrate
    from trading_pipeline.domain.model.timeframes import Timeframe
    from trading_pipeline.exchange_simulator.configuration import Configuration
    from trading_pipeline.exchange_simulator.execution_profile import ExecutionProfile
    from trading_pipeline.exchange_simulator.server import running_exchange
    from trading_pipeline.runtime.supervision.embedded import EmbeddedPostgres
    from trading_pipeline_tests.testkit.bare_replay import BareReplay, strategy_plan

    start = datetime.fromisoformat(case.start).replace(tzinfo=UTC)
    end, timeframe = start + timedelta(days=options.days), Timeframe(case.timeframe)
    plan = strategy_plan(name, timeframe, **dict(one.split("=") for one in case.parameters))
    with tempfile.TemporaryDirectory(prefix="parity-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        server = EmbeddedPostgres(Path(folder) / "postgres")
        server.start()
        try:
            ensure_database(server.url("trading", "psycopg"))
            migrate(server.url("trading", "psycopg"))
            engine = connect(server.url("trading", "psycopg"))
            configuration = Configuration(
                INSTRUMENT_IDS, bars=options.bars, start=start, lock_step=timeframe, profile=ExecutionProfile.IDEAL
            )
            with running_exchange(configuration) as exchange:
                replay = BareReplay(engine, exchange, [plan], INSTRUMENT_IDS, start, start - timedelta(days=90))
                replay.run(end)
                report = replay.parity(options.bars, end)
            engine.dispose()
        finally:
            server.stop()
    sys.stdout.write("\n".join([report.summary(), *(f"  {one}" for one in report.differences)]) + "\n")
    return report.equal


if __name__ == "__main__":
    raise SystemExit(main())
