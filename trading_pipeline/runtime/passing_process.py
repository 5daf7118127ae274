"""Work that the supervisor leaves to a process of its own, because of the libraries it takes.

The supervisor runs for months; what it imports once, for a migration or a check, it would hold for months.
"""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from trading_pipeline.adapters.parameters.risk import load_risk
from trading_pipeline.adapters.parameters.universe import load_universe
from trading_pipeline.domain.model.errors import ConfigurationError, TradingError


def prepare_databases(database_url: str, dagster_url: str) -> None:
    """Create both databases where they are missing and bring ``trading`` to its newest schema.

    :raises ConfigurationError: a server cannot be reached, or an address is none.
    """
    variables = {"DATABASE_URL": database_url, "DAGSTER_POSTGRES_URL": dagster_url}
    _run(["trading_pipeline.cli.main", "migrate"], variables)


def check_parameters(config_dir: Path) -> None:
    """Read every parameter file and build what is enabled, before anything starts.

    :raises ConfigurationError: a file is missing or breaks a rule.
    """
    _run([__name__, str(config_dir)], {})


def _run(module: Sequence[str], variables: Mapping[str, str]) -> None:
    """Run a module to its end.

    :raises ConfigurationError: it failed; the message is the last line it wrote.
    """
    # its own session: Ctrl-C in a terminal must not reach a migration half way
    answer = subprocess.run(
        [sys.executable, "-m", *module],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
    )
    if answer.returncode:
        said = answer.stderr.strip().splitlines() or [f"{' '.join(module)} ended with {answer.returncode}"]
        raise ConfigurationError(said[-1].removeprefix("trading-pipeline: "))


def _check(config_dir: Path) -> int:
    """What ``check_parameters`` runs; the exit code."""
    # here alone: strategies bring pandas, which the supervisor is to be spared
    from trading_pipeline.adapters.parameters.strategies import load_strategies

    try:
        load_universe(config_dir), load_risk(config_dir), load_strategies(config_dir)
    except TradingError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(_check(Path(sys.argv[1])))
