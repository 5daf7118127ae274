"""The commands that run systems and their processes."""

import typer

from trading_pipeline.cli.api import api
from trading_pipeline.cli.demo import demo
from trading_pipeline.cli.exchange import exchange
from trading_pipeline.cli.feed import feed
from trading_pipeline.cli.processes import daemon, dev, migrate, up, webserver, worker
from trading_pipeline.cli.replay import replay
from trading_pipeline.cli.warm_up import warm_up
from trading_pipeline.cli.watchdog import watchdog

running = typer.Typer()
for command in (demo, replay, up, dev, exchange, feed, watchdog, daemon, webserver, worker, api, migrate, warm_up):
    running.command()(command)
