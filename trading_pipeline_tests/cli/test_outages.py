"""A person asks what the venue has lost."""

import json
import re
from datetime import timedelta

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner

from trading_pipeline.adapters.stores.market_data.raw_bar_store import PostgresRawBarStore
from trading_pipeline.cli.main import app
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline_tests.testkit.builders import START

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def said(*options: str) -> str:
    """Type the command."""
    result = CliRunner().invoke(app, ["bars", "outages", *options])
    assert result.exit_code == 0, result.output
    return result.output


def test_outages_are_a_table_for_people_and_json_for_programs(
    database: Engine, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    assert (said(), json.loads(said("--json"))) == ("no outage\n", [])
    for minutes in (0, 6):
        PostgresRawBarStore(database).note_absent(
            InstrumentId("SOLUSDT.BYBIT"),
            Timeframe.H1,
            [START, START + HOUR],
            START + 4 * HOUR + minutes * MINUTE,
            "empty page",
            5 * MINUTE,
        )
    assert json.loads(said("--json", "--symbol", "SOLUSDT", "--timeframe", "1h")) == [
        {
            "instrument_id": "SOLUSDT.BYBIT",
            "timeframe": "1h",
            "first_open": "2025-03-01T00:00:00Z",
            "end": "2025-03-01T02:00:00Z",
            "bars": 2,
            "asked_at": "2025-03-01T04:00:00Z",
            "asked_again_at": "2025-03-01T04:06:00Z",
            "answer": "empty page; empty page",
        }
    ]
    headings, row = said().splitlines()
    assert headings.split()[:5] == ["instrument_id", "timeframe", "first_open", "end", "bars"]
    assert row.split()[:2] == ["SOLUSDT.BYBIT", "1h"]
    assert said("--symbol", "BTCUSDT") == "no outage\n"
    for typed in (("--symbol", "BTCUSTD"), ("--timeframe", "50m")):
        refused = CliRunner().invoke(app, ["bars", "outages", *typed])
        assert re.search(r"did you mean BTCUSDT\.BYBIT\?|the nearest of .* is 1h", str(refused.exception))
