"""What commands of operators work with, and how each of them is recorded."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from trading_pipeline.domain.model.commands import CommandOutcome, OperatorCommand
from trading_pipeline.domain.model.errors import TradingError
from trading_pipeline.ports.notifications import Notifier
from trading_pipeline.ports.stores.execution.risk_store import HaltRegister
from trading_pipeline.ports.stores.operations.command_log import CommandLog


@dataclass(frozen=True, slots=True)
class Controls:
    """All that a halt needs; no venue, so that trading can be stopped while none answers."""

    halts: HaltRegister
    commands: CommandLog
    notifier: Notifier


@contextmanager
def begun(commands: CommandLog, command: OperatorCommand, what: str) -> Iterator[None]:
    """Record a command before the block, and after it only that it failed: a later step says what came of it.

    :param what: what is asked for, where verb and scope do not say it.
    """
    commands.append(command, CommandOutcome.ASKED, what)
    try:
        yield
    # Any other exception is a bug and not an outcome: `ASKED` alone then says that nobody knows how it ended.
    except TradingError as error:
        commands.append(command, CommandOutcome.FAILED, str(error))
        raise


@contextmanager
def recorded(commands: CommandLog, command: OperatorCommand, what: str = "") -> Iterator[list[str]]:
    """Record a command before the block and what came of it after; a process that dies leaves ``ASKED`` alone.

    :returns: takes what was done, in sentences.
    """
    done: list[str] = []
    with begun(commands, command, what):
        yield done
    commands.append(command, CommandOutcome.DONE, "; ".join(done))
