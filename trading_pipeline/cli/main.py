"""Entry point of ``trading-pipeline``: one subcommand per file, errors as one clear line."""

import os
import sys

import typer

from trading_pipeline.cli.operating import operating
from trading_pipeline.cli.researching import researching
from trading_pipeline.cli.running import running
from trading_pipeline.domain.model.errors import ServerAway, TradingError
from trading_pipeline.runtime.logs import configure_logs

EXIT_REFUSED = 2
"""A wrong setting, file or argument: trying again without a change would not help."""
EXIT_AWAY = 1
"""A server of ours does not answer: trying again may help, and a supervisor does."""

app = typer.Typer(
    name="trading-pipeline",
    help="Exchange candles to audited trades, orchestrated by Dagster.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for part in (running, operating, researching):
    app.add_typer(part)


def main() -> None:
    """Run the command line; a ``TradingError`` becomes one line on standard error."""
    configure_logs(os.environ.get("TRADING_LOG_LEVEL", "info"))
    try:
        app()
    # What we foresaw is one line; anything else is a defect and keeps its traceback.
    except TradingError as error:
        sys.stderr.write(f"trading-pipeline: {error}\n")
        raise SystemExit(EXIT_AWAY if isinstance(error, ServerAway) else EXIT_REFUSED) from None


if __name__ == "__main__":
    main()
