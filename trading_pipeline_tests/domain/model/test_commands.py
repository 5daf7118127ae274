"""What an operator orders, for the record."""

from datetime import UTC, datetime

import pytest

from trading_pipeline.domain.model.commands import CommandVerb, OperatorCommand
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.halts import ALL


def command(reason: str) -> OperatorCommand:
    return OperatorCommand("c", CommandVerb.RESUME, ALL, "ada", reason, datetime(2025, 11, 3, tzinfo=UTC))


@pytest.mark.parametrize("reason", ["", "  "])
def test_a_command_without_a_reason_is_refused_with_the_way_out(reason: str) -> None:
    with pytest.raises(ConfigurationError, match="resume of all without a reason; say why with --reason"):
        command(reason).require_reason()


def test_a_command_with_a_reason_stands() -> None:
    command("the venue is back").require_reason()
