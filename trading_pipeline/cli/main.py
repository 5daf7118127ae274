"""Entry point of ``trading-pipeline``: one subcommand per file, errors as one clear line."""

import os
import sys

import typer

from trading_pipeline.cli.api import api
from trading_pipeline.cli.audit import audit
from trading_pipeline.cli.backfill import backfill
from trading_pipeline.cli.backtest import backtest
from trading_pipeline.cli.bars import bars
from trading_pipeline.cli.close import close
from trading_pipeline.cli.demo import demo
from trading_pipeline.cli.dlq import dlq
from trading_pipeline.cli.exchange import exchange
from trading_pipeline.cli.feed import feed
from trading_pipeline.cli.halt import halt, kill_switch, resume
from trading_pipeline.cli.indicators import indicators
from trading_pipeline.cli.processes import daemon, dev, migrate, up, worker
from trading_pipeline.cli.replay import replay
from trading_pipeline.cli.signals import signals
from trading_pipeline.cli.status import orders, positions, status
from trading_pipeline.cli.strategy import strategy
from trading_pipeline.cli.users import users
from trading_pipeline.cli.warm_up import warm_up
from trading_pipeline.cli.watchdog import watchdog
from trading_pipeline.domain.model.errors import TradingError
from trading_pipeline.runtime.logs import configure_logs

EXIT_REFUSED = 2
"""A wrong setting, file or argument: trying again without a change would not help."""

app = typer.Typer(
    name="trading-pipeline",
    help="Exchange candles to audited trades, orchestrated by Dagster.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (demo, replay, up, dev, exchange, feed, watchdog, daemon, worker, api, migrate):
    app.command()(command)
for operation in (status, positions, orders, halt, resume, kill_switch, close):
    app.command()(operation)
app.command()(signals)
app.command()(indicators)
app.command()(backfill)
app.command()(warm_up)
for group in (backtest, bars, strategy, dlq, users, audit):
    app.add_typer(group)


def main() -> None:
    """Run the command line; a ``TradingError`` becomes one line on standard error."""
    configure_logs(os.environ.get("TRADING_LOG_LEVEL", "info"))
    try:
        app()
    except TradingError as error:
        sys.stderr.write(f"trading-pipeline: {error}\n")
        raise SystemExit(EXIT_REFUSED) from None


if __name__ == "__main__":
    main()
