"""Funding: recorded rates at their instants, else one rate every so many hours, also across holes."""

import gzip
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.timeframes import to_ms
from trading_pipeline.exchange_simulator.funding_schedule import FundingSchedule
from trading_pipeline.exchange_simulator.recorded_funding import load_funding
from trading_pipeline_tests.exchange_simulator.builders import FLAT, an_exchange, order, walk

MIDNIGHT = to_ms(datetime(2025, 6, 1, tzinfo=UTC))
HOUR = 3_600_000
BEFORE_EIGHT = datetime(2025, 6, 1, 7, 55, tzinfo=UTC)


def test_funding_is_paid_as_an_execution_of_its_own() -> None:
    exchange = an_exchange(FLAT, start=BEFORE_EIGHT)
    order(exchange, "Buy", "1")
    wallet = exchange.account.wallet
    [execution] = walk(exchange)
    assert (execution.kind, execution.quantity, execution.order.terms.link_id) == ("Funding", Decimal(1), "")
    assert wallet - exchange.account.wallet == execution.fee == Decimal("0.01")  # 100 x 0.01 %


def test_shorts_receive_what_longs_pay() -> None:
    exchange = an_exchange(FLAT, start=BEFORE_EIGHT, funding_rate=Decimal("0.0003"))
    order(exchange, "Sell", "2")
    assert [one.fee for one in walk(exchange)] == [Decimal("-0.06")]


def test_funding_is_owed_on_the_value_by_the_mark_price() -> None:
    exchange = an_exchange(FLAT, start=BEFORE_EIGHT)
    exchange.markets["BTCUSDT"].basis = {"mark": lambda _: Decimal("0.02")}
    order(exchange, "Buy", "1")
    [execution] = walk(exchange)
    assert (execution.price, execution.fee) == (102, Decimal("0.0102"))


def test_a_recorded_rate_comes_before_the_constant_one() -> None:
    exchange = an_exchange(FLAT, start=BEFORE_EIGHT, funding={MIDNIGHT + 8 * HOUR: Decimal("-0.0002")})
    order(exchange, "Buy", "1")
    assert [one.fee for one in walk(exchange)] == [Decimal("-0.02")]


@pytest.mark.parametrize(
    ("hours", "instants"),
    [(8, [0, 8, 16, 24]), (6, [0, 6, 12, 18, 24]), (24, [0, 24])],
)
def test_intervals_are_counted_from_midnight(hours: int, instants: list[int]) -> None:
    schedule = FundingSchedule(Decimal(0), hours)
    assert list(schedule.between(MIDNIGHT - 1, MIDNIGHT + 24 * HOUR)) == [MIDNIGHT + hour * HOUR for hour in instants]
    assert all(schedule.due(MIDNIGHT + hour * HOUR) for hour in instants)
    assert not schedule.due(MIDNIGHT + HOUR)


def test_recorded_instants_between_the_regular_ones_are_due_too() -> None:
    schedule = FundingSchedule(Decimal("0.0001"), 8, {MIDNIGHT + 4 * HOUR: Decimal("0.0002")})
    instants = list(schedule.between(MIDNIGHT, MIDNIGHT + 8 * HOUR))
    assert [(at - MIDNIGHT) // HOUR for at in instants] == [4, 8]
    assert [schedule.rate_at(at) for at in instants] == [Decimal("0.0002"), Decimal("0.0001")]


def test_funding_that_fell_due_while_bars_were_missing_is_charged_at_the_next_open() -> None:
    """Bars end at 07:55 and go on at 08:05, at 110: the long pays 110 x 0.01 % there, once."""
    exchange = an_exchange((110, 112, 108, 111), FLAT, start=BEFORE_EIGHT, missing=2)
    order(exchange, "Buy", "1")
    walk(exchange, 4)
    [paid] = [one for one in exchange.executions if one.kind == "Funding"]
    assert (paid.fee, paid.price) == (Decimal("0.011"), Decimal(110))
    assert paid.at_ms == to_ms(BEFORE_EIGHT + timedelta(minutes=10))


def test_what_the_hole_owes_is_paid_before_the_jump_stops_the_position() -> None:
    exchange = an_exchange((90, 91, 89, 90), start=BEFORE_EIGHT, missing=1)
    order(exchange, "Buy", "1", stopLoss=95)
    walk(exchange, 2)
    assert [(one.kind, one.price) for one in exchange.executions[1:]] == [("Funding", 90), ("Trade", 90)]


def write(folder: Path, name: str, text: str) -> None:
    data = text.encode()
    (folder / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)


def test_files_of_the_symbol_and_the_venue_are_read_together(tmp_path: Path) -> None:
    head = "funding_time_ms,funding_rate\n"
    write(tmp_path, "bybit_linear_BTCUSDT_funding_2025_26.csv.gz", f"{head}28800000,1.004e-05\n57600000,-0.0001\n")
    write(tmp_path, "BTCUSDT_funding.csv", f"{head}57600000,-0.0001\n86400000,0\n")
    write(tmp_path, "gateio_usdt_BTCUSDT_funding.csv", f"{head}28800000,0.03\n")
    write(tmp_path, "bybit_linear_SOLUSDT_funding.csv", f"{head}28800000,0.02\n")
    rates = {28_800_000: Decimal("0.00001004"), 57_600_000: Decimal("-0.0001"), 86_400_000: Decimal(0)}
    assert load_funding(tmp_path, "BTCUSDT") == rates
    assert load_funding(tmp_path, "ADAUSDT") == {}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("time,rate\n1,0\n", "first line must be funding_time_ms,funding_rate"),
        ("", "first line must be"),
        ("funding_time_ms,funding_rate\n1,0.0001\n1,0.0001\n", "row 2: time 1 does not come after 1"),
        ("funding_time_ms,funding_rate\n1\n", "row 1: '1' is no time"),
        ("funding_time_ms,funding_rate\n1,nan\n", "row 1: rate NaN is beyond"),
        ("funding_time_ms,funding_rate\n1,0.01\n2,1.0\n", "row 2: rate 1.0 is beyond the venue's cap of 0.04"),
    ],
)
def test_a_bad_row_is_refused_by_file_row_and_problem(tmp_path: Path, text: str, problem: str) -> None:
    write(tmp_path, "BTCUSDT_funding.csv", text)
    with pytest.raises(DataError, match=f"BTCUSDT_funding.csv: .*{problem}"):
        load_funding(tmp_path, "BTCUSDT")


def test_two_files_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    for label, rate in (("a", "0.0001"), ("b", "0.0002")):
        write(tmp_path, f"BTCUSDT_funding_{label}.csv", f"funding_time_ms,funding_rate\n1,{rate}\n")
    with pytest.raises(DataError, match=r"another file of BTCUSDT says 0\.0001"):
        load_funding(tmp_path, "BTCUSDT")


def test_a_broken_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "BTCUSDT_funding.csv.gz").write_bytes(b"no archive")
    with pytest.raises(DataError, match="cannot be read as CSV"):
        load_funding(tmp_path, "BTCUSDT")
