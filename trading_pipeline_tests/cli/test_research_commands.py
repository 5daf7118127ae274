"""What people type to research, what they get, and what they are told."""

import csv
import json
import re
import shutil
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner, Result

from trading_pipeline.adapters.stores.market_data.bar_store import PostgresBarStore
from trading_pipeline.cli.main import app
from trading_pipeline.domain.model.bars import BarSource
from trading_pipeline.domain.model.errors import ConfigurationError, DataError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.services.research.sample_bars import sample_bars
from trading_pipeline_tests.domain.strategies.bars import bars_closing
from trading_pipeline_tests.testkit.builders import START, walk
from trading_pipeline_tests.testkit.research import golden_file, write_bars

BTC = InstrumentId("BTCUSDT.BYBIT")
CONFIG = Path(__file__).resolve().parents[2] / "config"
GOLDEN_SIGNALS = [(17, [253, 490]), (7, [233, 237]), (33, [325]), (4, [546]), (24, [254, 537]), (32, [299])]


def typed(*words: str | Path) -> Result:
    """Run a command; a refusal is raised as it reaches the entry point."""
    result = CliRunner().invoke(app, [str(word) for word in words])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def backtest(bars: Path | str, *words: str | Path, strategy: str = "divergence") -> Result:
    common = ("--bars", bars, "--symbol", "BTCUSDT", "--timeframe", "1h", "--strategy", strategy)
    return typed("backtest", *common, *words)


@pytest.fixture
def bars(tmp_path: Path) -> Path:
    return write_bars(tmp_path / "bars.csv.gz", sample_bars("BTCUSDT", Timeframe.H1, 2_500))


@pytest.mark.parametrize(("seed", "places"), GOLDEN_SIGNALS)
def test_signals_of_the_golden_series(tmp_path: Path, seed: int, places: list[int]) -> None:
    out, source = tmp_path / "signals.json", golden_file(tmp_path, seed)
    words = ("--symbol", "BTCUSDT", "--timeframe", "60", "--strategy", "divergence", "--json", out)
    typed("signals", "--bars", source, *words)
    document = json.loads(out.read_text())
    assert list(document) == ["signals"]
    assert [signal["bar_index"] for signal in document["signals"]] == places


def test_a_golden_signal_to_its_last_digit(tmp_path: Path) -> None:
    out, source = tmp_path / "signals.json", golden_file(tmp_path, 17)
    words = ("--symbol", "BTCUSDT", "--timeframe", "1h", "--strategy", "divergence", "--json", out)
    typed("signals", "--bars", source, *words)
    first = json.loads(out.read_text())["signals"][0]
    histograms = [pivot.pop("histogram") for pivot in first["pivots"]]
    assert histograms == pytest.approx([-49.841181, -41.689563, -29.449257], abs=1e-5)
    assert first.pop("divergence_score") == pytest.approx(33.5642, abs=1e-4)
    assert first == {
        "bar_index": 253,
        "time": "2024-01-11T14:00:00Z",
        "bias": "long",
        "entry_price": 30456.5,
        "stop_price": 30311.5,
        "pivots": [
            {"index": 238, "price": 30546.5},
            {"index": 248, "price": 30315.0},
            {"index": 251, "price": 30311.5},
        ],
        "confirmations": ["RSI_DIV", "OBV_DIV"],
        "confluence_score": 20.0,
        "score": 54.0,
    }


def test_a_backtest_writes_its_document(tmp_path: Path) -> None:
    result = backtest(golden_file(tmp_path, 33), "--json", tmp_path / "run.json", "--report", tmp_path / "run.html")
    document = json.loads((tmp_path / "run.json").read_text())
    (trade,) = document["trades"]
    assert document["run_id"] in result.output
    assert (trade["entry_time"], trade["side"], trade["entry_price"]) == ("2024-01-14T14:00:00Z", "short", 29963.0)
    assert trade["gross_pnl_r"] == pytest.approx(2.183862, abs=1e-5)
    assert trade["pnl_r"] < trade["gross_pnl_r"]
    assert [leg["kind"] for leg in trade["legs"]] == ["take_profit", "take_profit", "trailing_stop"]
    assert document["metrics"]["trades"] == 1
    assert "<!doctype html>" in (tmp_path / "run.html").read_text()[:20]


def test_the_headline_is_net_and_says_what_it_was_before_costs(tmp_path: Path, bars: Path) -> None:
    fees = ("--param", "taker_fee_bps=5.5")
    output = backtest(bars, *fees, "--json", tmp_path / "run.json", strategy="ema_cross").output
    figures = json.loads((tmp_path / "run.json").read_text())["metrics"]
    assert figures["profit_factor"] < figures["gross_profit_factor"]
    for label, name, form in (
        ("sum R, net", "sum_r", "+.2f"),
        ("win rate %, net", "win_rate_pct", ".1f"),
        ("profit factor, net", "profit_factor", ".2f"),
        ("expectancy, net", "expectancy", "+.2f"),
    ):
        (line,) = (line for line in output.splitlines() if label in line)
        assert f"{figures[name]:{form}} (gross {figures['gross_' + name]:{form}})" in line


def test_a_run_twice_is_the_same_run(tmp_path: Path, bars: Path) -> None:
    for name in ("a.json", "b.json"):
        backtest(bars, "--json", tmp_path / name, strategy="ema_cross")
    assert (tmp_path / "a.json").read_text() == (tmp_path / "b.json").read_text()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--strategy", "divergance"), "did you mean divergence"),
        (("--param", "min_confirmation=2"), "did you mean min_confirmations"),
        (("--param", "min_confirmations=9"), "must lie between 0 and 4"),
        (("--param", "taker_fee=5"), "did you mean taker_fee_bps"),
        (("--param", "taker_fee_bps=500"), "taker_fee_bps = 500: must be"),
        (("--param", "taker_fee_bps=nan"), "taker_fee_bps = nan: must be a number"),
        (("--param", "max_open_positions=1.5"), "must be a whole number"),
        (("--param", "max_open_positions=none"), "cannot be switched off"),
        (("--param", "next_bar_exit=yes"), "must be true or false"),
        (("--param", "timing=next_opne"), "did you mean next_open"),
        (("--param", "targets=1"), "write DISTANCE:FRACTION pairs"),
        (("--param", "targets=2:0.5,1:0.5"), "nearest first"),
        (("--param", "trail=atr"), "write atr:MULTIPLE:PERIOD"),
        (("--param", "cash_fraction=0.5", "--param", "fixed_margin=100"), "set exactly one"),
        (("--param", "kelly=0.6:1:1", "--param", "volatility=0.05:0.5"), "set exactly one"),
        (("--param", "kelly=0.6"), "write WIN_RATE:AVERAGE_WIN_PCT:AVERAGE_LOSS_PCT"),
        (("--param", "kelly=0.5:1:1"), "Kelly bets nothing"),
        (("--param", "volatility=0.05"), "write FRACTION:TARGET_PCT[:PERIOD]"),
        (("--param", "volatility=0.05:0.5:1.5"), "volatility: 1.5 must be a whole number of bars"),
        (("--param", "min_quantity=-1"), "must be 0 or more"),
        (("--param", "min_confirmations"), "write it as name=value"),
        (("--param", "trail=none", "--param", "trail=none"), "given twice"),
        (("--timeframe", "7m"), "unknown timeframe '7m'"),
        (("--timeframe", "15m"), "15m bars cannot be made"),
        (("--symbol", "btc-usdt"), "no symbol"),
        (("--symbol", "BTCUSDT,ETHUSDT"), "one file for 2 symbols"),
        (("--from", "yesterday"), "no ISO 8601 time"),
        (("--from", "2024-02-01", "--to", "2024-01-01"), "before --to"),
        (("--bars", "none.csv"), "no such file"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_the_way_out(bars: Path, words: tuple[str, ...], message: str) -> None:
    with pytest.raises((ConfigurationError, DataError), match=re.escape(message)):
        backtest(bars, *words)


def test_what_is_missing_is_named(bars: Path) -> None:
    with pytest.raises(ConfigurationError, match="--strategy is missing"):
        typed("backtest", "--bars", bars, "--symbol", "BTCUSDT", "--timeframe", "1h")


def test_an_engine_rule_without_effect_is_refused(bars: Path, tmp_path: Path) -> None:
    words = ("--symbol", "BTCUSDT", "--timeframe", "1h", "--strategy", "divergence", "--json", tmp_path / "x.json")
    with pytest.raises(ConfigurationError, match="taker_fee_bps: a rule of backtests"):
        typed("signals", "--bars", bars, *words, "--param", "taker_fee_bps=5")


@pytest.mark.parametrize("command", ["backtest", "signals"])
def test_fewer_bars_than_the_warm_up_are_refused(tmp_path: Path, command: str) -> None:
    short = golden_file(tmp_path, 17, 100)
    words = ("--symbol", "BTCUSDT", "--timeframe", "1h", "--strategy", "divergence", "--json", tmp_path / "x.json")
    with pytest.raises(DataError, match="100 bars: divergence needs 169"):
        typed(command, "--bars", short, *words)
    assert not (tmp_path / "x.json").exists()


def test_rules_of_the_engine_take_effect(tmp_path: Path, bars: Path) -> None:
    rules = ("taker_fee_bps=5.5", "timing=next_open", "targets=none", "trail=percent:0.01:0.005", "cash_fraction=0.5")
    words = [word for rule in rules for word in ("--param", rule)]
    backtest(bars, *words, "--json", tmp_path / "run.json", strategy="ema_cross")
    document = json.loads((tmp_path / "run.json").read_text())
    config = document["params"]["config"]
    assert config["exits"]["targets"] == []
    assert config["exits"]["trail"] == {"rule": "PercentTrail", "activation": 0.01, "offset": 0.005, "every": 0}
    assert config["limits"]["risk_per_trade"] is None
    assert config["execution"]["timing"] == "next_open"
    for trade in document["trades"]:
        assert trade["fees_usdt"] > 0
        costs, gross = trade["fees_usdt"] + trade["funding_usdt"], trade["gross_pnl_r"]
        assert trade["pnl_r"] / gross == pytest.approx(trade["pnl_usdt"] / (trade["pnl_usdt"] + costs))


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("kelly", "0.6:1:1", {"win_rate": 0.6, "average_win_pct": 1, "average_loss_pct": 1, "fraction": 0.05}),
        ("volatility", "0.1:0.5:20", {"fraction": 0.1, "target_pct": 0.5, "period": 20}),
    ],
)
def test_sizing_rules_take_the_place_of_risk(
    tmp_path: Path, bars: Path, name: str, text: str, expected: dict[str, float]
) -> None:
    backtest(bars, "--param", f"{name}={text}", "--json", tmp_path / "run.json", strategy="ema_cross")
    document = json.loads((tmp_path / "run.json").read_text())
    limits = document["params"]["config"]["limits"]
    assert (limits[name], limits["risk_per_trade"]) == (expected, None)
    assert document["trades"]


def a_bar_file(path: Path, prices: list[float]) -> Path:
    """Hourly bars from 2025-01-01 on that stand at these prices."""
    rows = [
        f"{1_735_689_600_000 + hour * 3_600_000},{price},{price},{price},{price},10"
        for hour, price in enumerate(prices)
    ]
    path.write_text("\n".join(["open_time_ms,open,high,low,close,volume", *rows]) + "\n")
    return path


JUMP = "2025-01-05T04:00:00Z close 0.0123 -> open 12.3 (factor 1000)"


@pytest.fixture
def renamed(tmp_path: Path) -> Path:
    """100 hours at 0.0123, then 100 at 12.3."""
    return a_bar_file(tmp_path / "renamed.csv", [0.0123] * 100 + [12.3] * 100)


def test_prices_of_a_renamed_contract_are_refused_by_bar(renamed: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=re.escape(f"BTCUSDT.BYBIT 1h: {JUMP}: no market does that")):
        backtest(renamed, "--json", tmp_path / "run.json", strategy="ema_cross")
    assert not (tmp_path / "run.json").exists()


def test_a_renamed_contracts_prices_are_named_everywhere(renamed: Path, tmp_path: Path) -> None:
    where = ("--json", tmp_path / "run.json", "--report", tmp_path / "run.html")
    result = backtest(renamed, "--allow-jumps", *where, strategy="ema_cross")
    note = f"BTCUSDT.BYBIT: {JUMP}: taken as a move of the market"
    assert note in result.output
    assert json.loads((tmp_path / "run.json").read_text())["params"]["notes"] == [note]
    assert note.replace(">", "&gt;") in (tmp_path / "run.html").read_text()


def test_a_jump_that_makes_no_money_is_told(renamed: Path, tmp_path: Path) -> None:
    words = ("--symbol", "BTCUSDT", "--timeframe", "1h", "--strategy", "ema_cross", "--json", tmp_path / "s.json")
    made = [
        typed("indicators", "--bars", renamed, "--timeframe", "1h", "--out", tmp_path / "out.csv"),
        typed("signals", "--bars", renamed, *words),
        typed("strategy", "check", "ema_cross", "--bars", renamed),
    ]
    assert [result.output.count(f"{renamed}: {JUMP}: no market does that") for result in made] == [1, 1, 1]
    assert (tmp_path / "out.csv").exists()
    assert (tmp_path / "s.json").exists()


def test_rows_that_are_in_no_bar_are_counted_aloud(tmp_path: Path) -> None:
    path = a_bar_file(tmp_path / "bars.csv", [100.0] * 403)
    words = ("--symbol", "BTCUSDT", "--timeframe", "4h", "--strategy", "ema_cross", "--json", tmp_path / "a.json")
    made = [
        typed("indicators", "--bars", path, "--timeframe", "4h", "--out", tmp_path / "out.csv"),
        typed("signals", "--bars", path, *words),
        typed("backtest", "--bars", path, *words),
    ]
    note = f"{path}: 3 of 403 1h bars are left out, as others of their 4h bars are missing"
    assert [note in result.output for result in made] == [True, True, True]
    assert json.loads((tmp_path / "a.json").read_text())["params"]["notes"] == [note]


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("bars.zip", b"<Error><Code>NoSuchKey</Code></Error>", "is no sound .zip"),
        ("bars.csv.xz", b"\xfd7zXZ\x00 not really", "is no sound .xz"),
        ("bars.csv.zst", b"\x28\xb5\x2f\xfd", ".zst is not read"),
        ("bars.tar", b"x", ".tar is not read"),
    ],
)
@pytest.mark.parametrize(
    "command",
    [
        ("indicators", "--timeframe", "1h", "--out", "x.csv"),
        ("signals", "--symbol", "X", "--timeframe", "1h", "--strategy", "ema_cross", "--json", "x.json"),
        ("backtest", "--symbol", "X", "--timeframe", "1h", "--strategy", "ema_cross"),
        ("strategy", "check", "ema_cross"),
    ],
)
def test_every_command_refuses_a_broken_archive(
    tmp_path: Path, command: tuple[str, ...], name: str, content: bytes, problem: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=re.escape(problem)):
        typed(*command, "--bars", tmp_path / name)


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ("1735718400,0.001\n1735747200,0.001\n", "row 1: funding_time_ms 1735718400 is in seconds"),
        ("1735718400000000,0.001\n", "row 1: funding_time_ms 1735718400000000 is in microseconds"),
        ("1704182400000,0.001\n1704211200000,0.001\n", "they end before the bars begin, at 2024-01-02T16:00Z"),
    ],
)
def test_funding_that_meets_no_bar_is_refused(tmp_path: Path, rows: str, problem: str) -> None:
    bars, funding = a_bar_file(tmp_path / "bars.csv", [100.0] * 100), tmp_path / "funding.csv"
    funding.write_text(f"funding_time_ms,funding_rate\n{rows}")
    with pytest.raises(DataError, match=problem):
        backtest(bars, "--funding", funding, strategy="ema_cross")


def test_the_stretch_that_funding_leaves_out_is_said(tmp_path: Path) -> None:
    bars, funding = a_bar_file(tmp_path / "bars.csv", [100.0] * 72), tmp_path / "funding.csv"
    funding.write_text("funding_time_ms,funding_rate\n1735718400000,0.001\n1735747200000,0.001\n")
    said = "BTCUSDT.BYBIT: no funding is known from 2025-01-01T16:00Z to 2025-01-04T00:00Z; 0.0100% is charged there"
    assert said in backtest(bars, "--funding", funding, strategy="ema_cross").output


def test_several_symbols_share_one_account(tmp_path: Path) -> None:
    for seed, instrument_id in enumerate(("BTCUSDT", "ETHUSDT")):
        write_bars(tmp_path / f"{instrument_id}.csv", sample_bars(instrument_id, Timeframe.H1, 1_500, seed))
    words = ("--symbol", "ETHUSDT,BTCUSDT", "--timeframe", "1h", "--strategy", "ema_cross")
    typed("backtest", "--bars", tmp_path / "{symbol}.csv", *words, "--json", tmp_path / "run.json")
    document = json.loads((tmp_path / "run.json").read_text())
    assert {trade["instrument_id"] for trade in document["trades"]} == {"BTCUSDT.BYBIT", "ETHUSDT.BYBIT"}


def test_indicators_stand_in_columns_and_are_empty_while_they_warm_up(tmp_path: Path, bars: Path) -> None:
    typed("indicators", "--bars", bars, "--timeframe", "4h", "--out", tmp_path / "out.csv")
    with (tmp_path / "out.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 625
    assert {"open_time_ms", "ema_12", "rsi_14", "macd_histogram", "atr_14"} <= set(rows[0])
    assert (rows[0]["ema_12"], rows[198]["sma_200"]) == ("", "")
    assert float(rows[199]["sma_200"]) > 0


def test_indicators_of_the_golden_series(tmp_path: Path) -> None:
    typed("indicators", "--bars", golden_file(tmp_path, 17), "--timeframe", "1h", "--out", tmp_path / "out.csv")
    with (tmp_path / "out.csv").open() as file:
        row = list(csv.DictReader(file))[253]
    assert float(row["ema_144"]) == pytest.approx(30308.021620, abs=1e-5)
    assert float(row["ema_169"]) == pytest.approx(30243.908477, abs=1e-5)
    assert float(row["rsi_14"]) == pytest.approx(40.560826, abs=1e-5)
    assert float(row["macd_histogram"]) == pytest.approx(-11.648148, abs=1e-5)


def test_bars_from_the_database_and_a_run_kept_there(
    database: Engine, database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    store = PostgresBarStore(database)
    store.append_raw(walk(count=400), BarSource.REST)
    store.consolidate([BTC], Timeframe.H1, START, START.replace(year=START.year + 1))
    backtest("db", "--store", "--run-id", "first", strategy="ema_cross")
    backtest("db", "--store", "--run-id", "second", "--param", "taker_fee_bps=5", strategy="ema_cross")
    same = typed("backtest", "compare", "first", "first")
    other = typed("backtest", "compare", "first", "second", "--json", tmp_path / "c.json")
    assert (same.exit_code, other.exit_code) == (0, 1)
    changed = {change["name"] for change in json.loads((tmp_path / "c.json").read_text())["params"]}
    assert changed == {"config.costs.taker_fee_bps", "rules.differs", "rules.line"}
    with pytest.raises(DataError, match=r"no 4h bars of BTCUSDT\.BYBIT"):
        backtest("db", "--timeframe", "4h", strategy="ema_cross")


def test_bars_of_the_database_are_walked_along_the_finest_it_has(
    database: Engine, database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    store = PostgresBarStore(database)
    for timeframe, count in ((Timeframe.M15, 1_600), (Timeframe.H1, 400)):
        store.append_raw(walk(count=count, timeframe=timeframe), BarSource.REST)
        store.consolidate([BTC], timeframe, START, START.replace(year=START.year + 1))
    backtest("db", "--json", tmp_path / "run.json", strategy="ema_cross")
    assert json.loads((tmp_path / "run.json").read_text())["params"]["path"][BTC]["count"] == 1_600


def test_the_database_needs_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "")
    with pytest.raises(ConfigurationError, match="DATABASE_URL is unset"):
        backtest("db")


def test_documents_are_compared_without_a_database(tmp_path: Path, bars: Path) -> None:
    backtest(bars, "--json", tmp_path / "a.json", strategy="ema_cross")
    backtest(bars, "--json", tmp_path / "b.json", "--param", "fast_period=15", strategy="ema_cross")
    result = typed("backtest", "compare", tmp_path / "a.json", tmp_path / "b.json", "--json", tmp_path / "c.json")
    assert result.exit_code == 1
    assert "strategy_parameters.fast_period" in result.output
    assert not json.loads((tmp_path / "c.json").read_text())["equal"]


MEMBERS = ("--param", "members=ema_cross,rsi_momentum", "--param", "mode=vote")


def test_several_strategies_are_checked_and_traded_as_one(tmp_path: Path, bars: Path) -> None:
    checked = typed("strategy", "check", "managed", "--bars", bars, *MEMBERS)
    assert checked.exit_code == 0
    assert checked.output.count("no differences") == 3
    backtest(bars, *MEMBERS, "--json", tmp_path / "run.json", strategy="managed")
    words = ("--symbol", "BTCUSDT", "--timeframe", "1h", "--strategy", "managed", "--json", tmp_path / "signals.json")
    typed("signals", "--bars", bars, *words, *MEMBERS)
    run, found = (json.loads((tmp_path / name).read_text()) for name in ("run.json", "signals.json"))
    assert run["params"]["strategy_parameters"]["members"] == ["ema_cross", "rsi_momentum"]
    assert run["trades"]
    assert {trade["entry_time"] for trade in run["trades"]} <= {signal["time"] for signal in found["signals"]}


@pytest.mark.parametrize(
    ("param", "message"),
    [("members=ema_cros", "did you mean ema_cross"), ("mode=votes", "did you mean vote"), ("member=rsi", "members")],
)
def test_a_set_that_cannot_be_meant_is_refused(bars: Path, param: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        backtest(bars, "--param", param, strategy="managed")


FOLLOWS_THE_FUTURE = """
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from trading_pipeline.domain.strategies.framework.arrays import ArrayStrategy, decisions_with_atr_stop
from trading_pipeline.domain.strategies.framework.parameters import Parameters


@dataclass(frozen=True)
class Prophet(ArrayStrategy):
    name: ClassVar[str] = "prophet"
    parameters: Parameters = field(default_factory=Parameters)

    @property
    def warmup_bars(self):
        return 2

    def decide(self, bars):
        rises = np.append(bars.close[1:] > bars.close[:-1] * 1.005, False)
        return decisions_with_atr_stop(bars, rises.astype(np.int64), bars.close * 0.01, 1.0, {})
"""


def test_a_strategy_that_looks_ahead_is_told_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "strategies").mkdir()
    (tmp_path / "strategies" / "prophet.py").write_text(FOLLOWS_THE_FUTURE)
    monkeypatch.setenv("TRADING_CONFIG_DIR", str(tmp_path))
    result = typed("strategy", "check", "prophet")
    assert result.exit_code == 1
    assert re.search(r"look_ahead: bar \d+ \(2024-.*\), column signal: long with all bars, none without", result.output)
    assert "prophet" in typed("strategy", "list").output


PEEKS_RARELY = (
    FOLLOWS_THE_FUTURE.replace("Prophet", "Peek")
    .replace("prophet", "peek")
    .replace("rises =", "rises = (bars.open_time_ms // 3_600_000 % 4 == 0) |")
    .replace("1.005", "1.04")
)


def test_the_check_names_every_signal_that_looks_ahead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "strategies").mkdir()
    (tmp_path / "strategies" / "peek.py").write_text(PEEKS_RARELY)
    monkeypatch.setenv("TRADING_CONFIG_DIR", str(tmp_path))
    closes = [100.0 * 1.06 ** sum(bar > jump for jump in (103, 337, 561)) for bar in range(700)]
    bars = write_bars(tmp_path / "bars.csv.gz", bars_closing(closes))
    asked = ("strategy", "check", "peek", "--bars", bars, "--timeframe", "1h")
    whole, sample = typed(*asked), typed(*asked, "--samples", "20")
    # 175 of 700 hours from midnight are fourth ones; the three before a jump are not among them.
    assert "future cut off after 700 of 700 bars: 178 of 178 with a signal or an exit, 522 of 522" in whole.output
    assert re.findall(r"look_ahead: bar (\d+) ", whole.output) == ["103", "337", "561"]
    assert whole.exit_code == 1
    assert "future cut off after a sample of 40 of 700 bars: 20 of 178 with a signal or an exit, 20 of 522" in (
        sample.output
    )


def test_an_honest_strategy_passes_its_check(bars: Path) -> None:
    result = typed("strategy", "check", "ema_cross", "--bars", bars, "--param", "fast_period=10")
    assert result.exit_code == 0
    assert result.output.count("no differences") == 3
    assert "bars started later at a sample of 5 of 799 places" in result.output


def test_no_strategy_shares_a_name_with_the_engine(bars: Path) -> None:
    listed = typed("strategy", "list").output
    names = re.findall(r"^\w+$", listed, re.MULTILINE)
    assert "divergence" in names
    for name in names:
        with pytest.raises(ConfigurationError, match="unknown parameter 'nonsense'"):
            backtest(bars, "--param", "nonsense=1", strategy=name)


def rules_of(folder: Path) -> dict[str, object]:
    rules: dict[str, object] = json.loads((folder / "run.json").read_text())["params"]["rules"]
    return rules


def test_a_backtest_by_default_is_the_live_lifecycle(tmp_path: Path, bars: Path) -> None:
    result = backtest(bars, "--json", tmp_path / "run.json", strategy="ema_atr")
    assert result.output.startswith("rules live: as live. Assumed: funding 0.0100% every 8 h")
    document = json.loads((tmp_path / "run.json").read_text())
    config, trades = document["params"]["config"], document["trades"]
    assert (config["costs"]["taker_fee_bps"], config["costs"]["maker_fee_bps"]) == (5.5, 2.0)
    assert rules_of(tmp_path)["differs"] == []
    assert sum(trade["fees_usdt"] for trade in trades) > 0
    assert any(trade["funding_usdt"] for trade in trades)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("risk.yaml", "risk_per_trade: 0.005", "risk_per_trade: 0.004"),
        ("costs.yaml", "taker_fee_bps: 5.5", "taker_fee_bps: 5.4"),
        ("strategies/ema_atr.yaml", "stop_atr_multiple: 2.0", "stop_atr_multiple: 2.1"),
        ("strategies/ema_atr.yaml", "r_multiple: 2", "r_multiple: 3"),
    ],
)
def test_a_changed_file_is_another_run(
    tmp_path: Path, bars: Path, monkeypatch: pytest.MonkeyPatch, file: str, old: str, new: str
) -> None:
    shutil.copytree(CONFIG, tmp_path / "config")
    monkeypatch.setenv("TRADING_CONFIG_DIR", str(tmp_path / "config"))
    backtest(bars, "--json", tmp_path / "before.json", strategy="ema_atr")
    changed = tmp_path / "config" / file
    assert old in changed.read_text()
    changed.write_text(changed.read_text().replace(old, new))
    backtest(bars, "--json", tmp_path / "after.json", strategy="ema_atr")
    before, after = (json.loads((tmp_path / name).read_text()) for name in ("before.json", "after.json"))
    assert before["run_id"] != after["run_id"]
    assert before["trades"] != after["trades"]


def test_without_a_timeframe_a_strategy_runs_on_those_of_its_file(tmp_path: Path, bars: Path) -> None:
    words = ("--bars", bars, "--symbol", "BTCUSDT", "--strategy", "ema_atr", "--json", tmp_path / "run.json")
    result = typed("backtest", *words)
    assert json.loads((tmp_path / "run.json").read_text())["params"]["timeframe"] == "1h+4h"
    assert "ema_atr: nothing on 15m" in result.output


@pytest.fixture
def trailing_at_the_finest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A configuration in which ema_atr trails at closes of the universe's finest timeframe, 15m."""
    folder = tmp_path / "config"
    shutil.copytree(CONFIG, folder)
    monkeypatch.setenv("TRADING_CONFIG_DIR", str(folder))
    file = folder / "strategies" / "ema_atr.yaml"
    assert "runner: {" in file.read_text()
    file.write_text(file.read_text().replace("runner: {", "runner: {trail_at: finest, "))


@pytest.mark.parametrize(
    ("made_of", "every", "said"),
    [
        (Timeframe.M15, Timeframe.M15, ""),
        (Timeframe.M5, Timeframe.M15, ""),
        (Timeframe.H1, Timeframe.H1, "stops trail at 1h closes, as no 15m bars were given"),
        (Timeframe.H4, Timeframe.H4, "stops trail at 4h closes, as no 15m bars were given"),
    ],
)
@pytest.mark.usefixtures("trailing_at_the_finest")
def test_a_4h_stop_trails_at_the_pipelines_closes(
    tmp_path: Path, made_of: Timeframe, every: Timeframe, said: str
) -> None:
    bars = write_bars(tmp_path / "bars.csv.gz", sample_bars("BTCUSDT", made_of, 300 * Timeframe.H4.ms // made_of.ms))
    words = ("--bars", bars, "--symbol", "BTCUSDT", "--timeframe", "4h", "--strategy", "ema_atr")
    output = typed("backtest", *words, "--json", tmp_path / "run.json").output
    config = json.loads((tmp_path / "run.json").read_text())["params"]["config"]
    assert config["exits"]["trail"]["every"] == every.ms
    assert ("stops trail" in output) == bool(said)
    assert said in " ".join(output.split())


@pytest.mark.usefixtures("trailing_at_the_finest")
def test_a_typed_trail_changes_its_formula_alone(tmp_path: Path) -> None:
    bars = write_bars(tmp_path / "bars.csv.gz", sample_bars("BTCUSDT", Timeframe.M15, 4_800))
    words = ("--bars", bars, "--symbol", "BTCUSDT", "--timeframe", "4h", "--strategy", "ema_atr")
    output = typed("backtest", *words, "--rules", "live", "--param", "trail=atr:3:14:wilder").output
    assert output.startswith("rules live: as live")


@pytest.fixture
def own_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the shipped configuration, to be changed; the folder of its strategies."""
    folder = tmp_path / "config"
    shutil.copytree(CONFIG, folder)
    monkeypatch.setenv("TRADING_CONFIG_DIR", str(folder))
    return folder / "strategies"


def a_second_file(folder: Path, name: str, enabled: bool) -> None:
    """Another file of ema_atr, which ships enabled, with a period of its own."""
    text = (folder / "ema_atr.yaml").read_text()
    assert "enabled: true" in text
    text = re.sub(r"fast_period: \d+", "fast_period: 3", text)
    (folder / name).write_text(text.replace("enabled: true", f"enabled: {str(enabled).lower()}"))


def test_of_two_files_the_trading_one_is_run(tmp_path: Path, bars: Path, own_config: Path) -> None:
    a_second_file(own_config, "a_first_by_name.yaml", enabled=False)
    backtest(bars, "--json", tmp_path / "run.json", strategy="ema_atr")
    assert json.loads((tmp_path / "run.json").read_text())["params"]["strategy_parameters"]["fast_period"] == 12


def test_two_trading_files_of_a_strategy_are_refused(bars: Path, own_config: Path) -> None:
    a_second_file(own_config, "other.yaml", enabled=True)
    with pytest.raises(ConfigurationError, match=r"ema_atr is run by ema_atr.yaml, other.yaml"):
        backtest(bars, strategy="ema_atr")


def test_a_backtest_refuses_what_the_pipeline_refuses(bars: Path, own_config: Path) -> None:
    file = own_config / "rsi.yaml"
    file.write_text(file.read_text().replace("lifecycle:", "lifecycle:\n  next_bar_exit: true"))
    with pytest.raises(ConfigurationError, match=r"rsi.yaml: lifecycle.next_bar_exit: signals of rsi carry no MACD"):
        backtest(bars, strategy="rsi")


@pytest.mark.parametrize(("policy", "trades"), [("compute_over", True), ("refuse", False)])
def test_a_hole_in_a_file_means_what_the_universe_says(
    tmp_path: Path, own_config: Path, policy: str, trades: bool
) -> None:
    universe = own_config.parent / "universe.yaml"
    universe.write_text(universe.read_text().replace("policy: compute_over", f"policy: {policy}"))
    whole = sample_bars("BTCUSDT", Timeframe.H1, 1_600)
    source = write_bars(tmp_path / "holed.csv.gz", whole.drop(index=[20]))
    backtest(source, "--json", tmp_path / "run.json", strategy="ema_atr")
    run = json.loads((tmp_path / "run.json").read_text())
    assert (run["metrics"]["trades"] > 0, run["params"]["holes"]) == (trades, policy)


def test_what_a_file_does_not_run_is_no_live_run(bars: Path, own_config: Path) -> None:
    file = own_config / "macd.yaml"
    assert "timeframes: [15m]" in file.read_text()
    file.write_text(file.read_text().replace("enabled: false", "enabled: false\nsymbols: [SOLUSDT]"))
    output = " ".join(backtest(bars, strategy="macd").output.split())
    assert output.startswith(
        "rules live: differs from live in macd on 1h (live: 15m); macd on BTCUSDT.BYBIT (live: SOLUSDT.BYBIT). Assumed:"
    )


def test_several_strategies_and_timeframes_trade_one_account(tmp_path: Path, bars: Path) -> None:
    words = ("--bars", bars, "--symbol", "BTCUSDT", "--strategy", "ema_atr,rsi", "--timeframe", "1h,4h")
    typed("backtest", *words, "--json", tmp_path / "run.json", "--report", tmp_path / "run.html")
    document = json.loads((tmp_path / "run.json").read_text())
    assert document["params"]["strategy"] == "ema_atr+rsi"
    held = sorted((trade["entry_time"], trade["exit_time"]) for trade in document["trades"])
    assert all(left[1] <= right[0] for left, right in pairwise(held)), "one instrument has one position"
    assert "rules live: differs from live in rsi on 1h, 4h (live: 15m)" in (tmp_path / "run.html").read_text()


def test_a_preset_is_named_with_all_it_changes(tmp_path: Path, bars: Path) -> None:
    result = backtest(bars, "--rules", "freqtrade", "--param", "fast_period=10", strategy="ema_atr")
    assert result.output.startswith(
        "rules freqtrade: differs from live in fast_period 10 (live: 12); timing next_open (live: bar_close)"
    )


def test_what_a_strategy_says_about_leaving_can_be_left_unheard(tmp_path: Path, bars: Path) -> None:
    left = []
    for answer in ("true", "false"):
        backtest(bars, "--param", f"strategy_exits={answer}", "--json", tmp_path / "run.json", strategy="rsi")
        trades = json.loads((tmp_path / "run.json").read_text())["trades"]
        left.append(sum(trade["exit_reason"] == "signal_exit" for trade in trades))
    assert left[0] > 0
    assert left[1] == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--rules", "freqtrade", "--param", "timing=bar_close"), "--rules freqtrade says timing = next_open"),
        (("--rules", "live", "--param", "taker_fee_bps=1"), "--rules live says taker_fee_bps = 5.5"),
        (("--rules", "lve"), "did you mean live"),
        (("--param", "amount=50"), "amount = 50: the live sizing model is written in risk.yaml"),
        (("--param", "strategy_exits=maybe"), "strategy_exits = maybe: must be true or false"),
        (("--strategy", "rsi,rsi"), "given twice"),
        (("--strategy", "rsi,macd", "--param", "period=12"), "with several strategies give rules only"),
    ],
)
def test_rules_that_cannot_be_meant_are_refused(bars: Path, words: tuple[str, ...], message: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        backtest(bars, *words, strategy="ema_atr")


def test_a_folder_without_costs_and_limits_says_that_it_has_none(
    tmp_path: Path, bars: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config" / "strategies").mkdir(parents=True)
    monkeypatch.setenv("TRADING_CONFIG_DIR", str(tmp_path / "config"))
    result = backtest(bars, strategy="ema_atr")
    assert "no costs.yaml, so no fees and no funding" in result.output
    assert "no file in config/strategies runs ema_atr, so the standard exits" in result.output


def test_signals_are_those_of_the_strategys_own_file(
    tmp_path: Path, bars: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "config"
    shutil.copytree(CONFIG, folder)
    rsi, counts = folder / "strategies" / "rsi.yaml", []
    monkeypatch.setenv("TRADING_CONFIG_DIR", str(folder))
    for oversold in ("30.0", "45.0"):
        rsi.write_text(re.sub(r"oversold: .*", f"oversold: {oversold}", rsi.read_text()))
        out = tmp_path / f"{oversold}.json"
        typed("signals", "--bars", bars, "--symbol", "X", "--timeframe", "1h", "--strategy", "rsi", "--json", out)
        counts.append(len(json.loads(out.read_text())["signals"]))
    assert counts[0] < counts[1]
