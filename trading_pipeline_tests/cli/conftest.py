import os
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from trading_pipeline.cli.main import EXIT_REFUSED, app
from trading_pipeline.domain.model.errors import TradingError
from trading_pipeline_tests.cli.commands import Command, Refusal

CONFIG = Path(__file__).resolve().parents[2] / "config"


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    for name in list(os.environ):
        if name.startswith(("BYBIT", "DATABASE", "REDIS", "DAGSTER_HOME")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, **settings: str) -> Result:
        given = {"TRADING_CONFIG_DIR": str(CONFIG), "TRADING_API_PORT": "0", **settings}
        return CliRunner().invoke(app, arguments, env=given)

    return run


@pytest.fixture
def refusal(command: Command) -> Refusal:
    def refused(*arguments: str, **settings: str) -> str:
        result = command(*arguments, **settings)
        if isinstance(result.exception, TradingError):
            said = str(result.exception)
        else:  # a command that is also an entry point of its own says it itself
            assert result.exit_code == EXIT_REFUSED, result.output
            said = result.stderr
        (line,) = said.splitlines()
        return line

    return refused
