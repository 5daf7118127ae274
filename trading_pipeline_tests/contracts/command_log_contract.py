"""What ``CommandLog`` promises, whoever keeps it."""

from trading_pipeline.domain.model.commands import CommandOutcome, CommandRecord, CommandVerb
from trading_pipeline.ports.stores.operations.command_log import CommandLog
from trading_pipeline_tests.testkit.execution_lab import operator_command

HALT = operator_command(CommandVerb.HALT)
CLOSE = operator_command(CommandVerb.CLOSE, scope="BTCUSDT.BYBIT", reason="", command_id="c-2")


class CommandLogContract:
    """Give the fixture ``commands``, which is empty."""

    def test_a_command_is_read_back_line_by_line_oldest_first(self, commands: CommandLog) -> None:
        lines = [(CommandOutcome.ASKED, ""), (CommandOutcome.FAILED, "no venue"), (CommandOutcome.DONE, "halted")]
        for outcome, detail in lines:
            commands.append(HALT, outcome, detail)
        assert commands.of("c-1") == [CommandRecord(HALT, outcome, detail) for outcome, detail in lines]

    def test_a_line_written_twice_stands_twice(self, commands: CommandLog) -> None:
        for _ in range(2):
            commands.append(HALT, CommandOutcome.ASKED, "")
        assert len(commands.of("c-1")) == 2

    def test_commands_are_kept_apart(self, commands: CommandLog) -> None:
        commands.append(HALT, CommandOutcome.DONE, "halted")
        assert commands.of("c-2") == []
        commands.append(CLOSE, CommandOutcome.ASKED, "")
        assert commands.of("c-2") == [CommandRecord(CLOSE, CommandOutcome.ASKED, "")]
