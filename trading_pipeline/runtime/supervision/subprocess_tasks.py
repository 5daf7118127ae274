"""Work that supervisor and feed leave to a process of its own, because of the libraries it takes.

They run for months; what they import once, for a migration or a check, they would hold for months.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from trading_pipeline.adapters.parameters.risk import load_risk
from trading_pipeline.adapters.parameters.universe import load_universe
from trading_pipeline.domain.model.errors import ConfigurationError, TradingError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.settings import Settings, foreign_variables

OPERATOR = "operator"
"""Whom the link of a simulated system signs in."""


def prepare_databases(database_url: str, dagster_url: str, settings: Settings) -> str:
    """Create both databases where they are missing and bring ``trading`` to its newest schema.

    :param settings: of the system, among them what seals second factors.
    :returns: what there is to know about secrets that are sealed; mostly nothing.
    :raises ConfigurationError: a server cannot be reached, or an address is none.
    """
    addresses = {"DATABASE_URL": database_url, "DAGSTER_POSTGRES_URL": dagster_url}
    state = {"TRADING_STATE_DIR": str(settings.state_dir.resolve())}  # the process stands elsewhere
    variables = {**settings.variables(), **addresses, **state}
    return _run(["trading_pipeline.cli.main", "migrate"], variables).strip()


def sign_in_link(variables: Mapping[str, str]) -> str:
    """Address that signs the operator in once, as an administrator, who is added where there is none.

    :param variables: of the running system.
    :raises ConfigurationError: there is none to be had; the message says why.
    """
    return _run(["trading_pipeline.cli.main", "users", "link", OPERATOR, "--add", "admin"], variables).strip()


def check_parameters(config_dir: Path) -> None:
    """Read every parameter file and build what is enabled, before anything starts.

    :raises ConfigurationError: a file is missing or breaks a rule.
    """
    _run([__name__, str(config_dir.resolve())], {})


def book_timeframes(config_dir: Path) -> dict[InstrumentId, frozenset[Timeframe]]:
    """By instrument, the timeframes at whose closes an enabled strategy needs the order book.

    :raises ConfigurationError: see ``check_parameters``.
    """
    told: dict[str, list[str]] = json.loads(_run([__name__, str(config_dir.resolve())], {}))
    return {InstrumentId(name): frozenset(map(Timeframe, timeframes)) for name, timeframes in told.items()}


def _run(module: Sequence[str], variables: Mapping[str, str]) -> str:
    """What a module prints until its end.

    :raises ConfigurationError: it failed; the message is the last line it wrote.
    """
    # its own session: Ctrl-C in a terminal must not reach a migration half way
    answer = subprocess.run(
        [sys.executable, "-m", *module],
        env={**foreign_variables(os.environ), **variables},
        # Away from the .env of whoever started the system.
        cwd=tempfile.gettempdir(),
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
    )
    if answer.returncode:
        said = answer.stderr.strip().splitlines() or [f"{' '.join(module)} ended with {answer.returncode}"]
        # Our commands say what is wrong in their last line.
        raise ConfigurationError(said[-1].removeprefix("trading-pipeline: "))
    return answer.stdout


def _check(config_dir: Path) -> int:
    """What ``check_parameters`` runs: prints who needs the order book; the exit code."""
    # here alone: strategies bring pandas, which the supervisor is to be spared
    from trading_pipeline.adapters.parameters.strategies import load_strategies

    try:
        universe, _, plans = load_universe(config_dir), load_risk(config_dir), load_strategies(config_dir)
    except TradingError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    needed = {
        instrument_id: [
            timeframe
            for plan in plans
            if plan.strategy.needs_book
            for timeframe in (*plan.timeframes, *plan.watched)
            if plan.looks_at(instrument_id, timeframe)
        ]
        for instrument_id in universe.instrument_ids
    }
    sys.stdout.write(json.dumps({name: timeframes for name, timeframes in needed.items() if timeframes}))
    return 0


if __name__ == "__main__":
    sys.exit(_check(Path(sys.argv[1])))
