"""The commands about bars, strategies and what comes of them."""

import typer

from trading_pipeline.cli.backfill import backfill
from trading_pipeline.cli.backtest import backtest
from trading_pipeline.cli.bars import bars
from trading_pipeline.cli.indicators import indicators
from trading_pipeline.cli.signals import signals
from trading_pipeline.cli.strategy import strategy

researching = typer.Typer()
for command in (signals, indicators, backfill):
    researching.command()(command)
for group in (backtest, bars, strategy):
    researching.add_typer(group)
