"""The commands that look at a running system and tell it what to do."""

import typer

from trading_pipeline.cli.audit import audit
from trading_pipeline.cli.cancel import cancel
from trading_pipeline.cli.close import close
from trading_pipeline.cli.dlq import dlq
from trading_pipeline.cli.halt import halt, kill_switch, resume
from trading_pipeline.cli.move_stop import move_stop
from trading_pipeline.cli.open_signal import open_signal
from trading_pipeline.cli.reconcile import reconcile
from trading_pipeline.cli.status import orders, positions, status
from trading_pipeline.cli.users import users

operating = typer.Typer()
for command in (status, positions, orders, halt, resume, kill_switch, close, move_stop, cancel, reconcile):
    operating.command()(command)
operating.command("open")(open_signal)
for group in (dlq, users, audit):
    operating.add_typer(group)
