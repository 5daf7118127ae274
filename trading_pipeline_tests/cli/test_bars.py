"""A person mends a bar: what counts from then on, what is kept of it, and what is refused."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine, text
from typer.testing import CliRunner

from trading_pipeline.adapters.stores.market_data.quality_store import PostgresQualityStore
from trading_pipeline.cli.main import app
from trading_pipeline.domain.model.bars import BarSource
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.quality import QualityKind
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline_tests.testkit.builders import START, a_bar, a_range, walk
from trading_pipeline_tests.testkit.market_vertical import Vertical

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BTC = "BTCUSDT.BYBIT"


@pytest.fixture
def vertical(database: Engine, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Vertical:
    monkeypatch.setenv("DATABASE_URL", database_url)
    return Vertical(database)


def mended(**changes: str) -> str:
    """Type the command; a refusal is raised as it reaches the entry point."""
    words = {
        "--timeframe": "1h",
        "--at": "2025-03-01T05:00:00Z",
        "--ohlc": "100,110,90,105",
        "--volume": "7",
        "--source": "another venue",
        "--reason": "the venue told a low of nothing",
        **{f"--{name}": value for name, value in changes.items() if name != "symbol"},
    }
    typed = [part for pair in words.items() for part in pair]
    result = CliRunner().invoke(app, ["bars", "mend", changes.get("symbol", "BTCUSDT"), *typed])
    if result.exception is not None:
        raise result.exception
    return result.output


def records(database: Engine, table: str, columns: str) -> list[tuple[object, ...]]:
    with database.connect() as connection:
        return [tuple(row) for row in connection.execute(text(f"SELECT {columns} FROM trading.{table} ORDER BY 1"))]


def test_a_mended_bar_counts_before_every_source_and_settles_their_dispute(vertical: Vertical) -> None:
    bars = walk(count=24)
    vertical.bars.append_raw(bars, BarSource.WEBSOCKET)
    broken = a_bar(open_time=START + 5 * HOUR, low="0", open="0")
    vertical.bars.append_raw([broken], BarSource.REST)
    assert vertical.judge(a_range(), START + DAY).unsound_instruments == [BTC]
    assert "the next wave computes today anew" in mended()
    assert vertical.judge(a_range(), START + DAY).failed == ()
    [row] = vertical.bars.raw_bars([BTC], Timeframe.H1, START + 5 * HOUR, START + 6 * HOUR)
    assert (row.low, row.close, row.turnover) == (Decimal(90), Decimal(105), Decimal(735))
    assert records(vertical.engine, "bars", "source").count(("mended",)) == 1


def test_a_bar_that_nobody_has_is_put_in_its_place(vertical: Vertical) -> None:
    bars = walk(count=24)
    vertical.bars.append_raw(bars[:5] + bars[6:], BarSource.WEBSOCKET)
    assert "there was no bar, now there is one" in mended()
    assert vertical.judge(a_range(), START + DAY).failed == ()


def test_who_mended_what_and_why_is_kept(vertical: Vertical) -> None:
    vertical.bars.append_raw(walk(count=24), BarSource.WEBSOCKET)
    mended()
    mended(volume="8")
    kept = records(
        vertical.engine, "bar_revisions", "revision_id, source, was ->> 'source', became ->> 'volume', reason"
    )
    assert [row[1:] for row in kept] == [
        ("mended", "websocket", "7", "from another venue: the venue told a low of nothing"),
        ("mended", "mended", "8", "from another venue: the venue told a low of nothing"),
    ]
    commands = records(vertical.engine, "operator_commands", "record_id, verb, scope, outcome")
    assert [row[1:] for row in commands] == [("mend", BTC, outcome) for outcome in ("asked", "done", "asked", "done")]
    noticed = PostgresQualityStore(vertical.engine).since(START)
    assert [event.kind for event in noticed] == [QualityKind.BAR_MENDED] * 2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"reason": " "}, "not mended without a reason"),
        ({"ohlc": "100,104,90,105"}, "no bar can be like that"),
        ({"ohlc": "100,110,90"}, "four prices"),
        ({"ohlc": "100,110,90,much"}, "'much' is no number"),
        ({"volume": "NaN"}, "no amount"),
        ({"at": "2025-03-01T05:30:00Z"}, "no bar opens there"),
        ({"at": "2999-03-01T05:00:00Z"}, "the bar is not over"),
        ({"symbol": "XRPUSDT"}, r"XRPUSDT.BYBIT is not in universe.yaml \(BTCUSDT.BYBIT"),
        ({"timeframe": "2h"}, "unknown timeframe '2h'"),
    ],
)
def test_what_no_bar_can_be_is_refused_and_changes_nothing(
    vertical: Vertical, changes: dict[str, str], message: str
) -> None:
    vertical.bars.append_raw(walk(count=24), BarSource.WEBSOCKET)
    with pytest.raises(ConfigurationError, match=message):
        mended(**changes)
    assert records(vertical.engine, "bar_revisions", "revision_id") == []
    assert ("done",) not in records(vertical.engine, "operator_commands", "outcome")
