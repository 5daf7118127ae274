"""The record of what operators ordered."""

from abc import ABC, abstractmethod

from trading_pipeline.domain.model.commands import CommandOutcome, CommandRecord, OperatorCommand


class CommandLog(ABC):
    """Grows only: nothing in it is ever changed or removed."""

    @abstractmethod
    def append(self, command: OperatorCommand, outcome: CommandOutcome, detail: str) -> None:
        """Write one line; the database adds when, in UTC."""

    @abstractmethod
    def of(self, command_id: str) -> list[CommandRecord]:
        """Everything recorded about a command, oldest first."""
