"""Funding rates from CSV files."""

from pathlib import Path

import pytest

from trading_pipeline.adapters.files.funding_files import read_funding_file
from trading_pipeline.domain.model.errors import ConfigurationError, DataError


def funding_file(folder: Path, *rows: str) -> Path:
    path = folder / "funding.csv"
    path.write_text("\n".join(["funding_time_ms,funding_rate", *rows]) + "\n")
    return path


def test_times_and_rates_are_read(tmp_path: Path) -> None:
    funding = read_funding_file(funding_file(tmp_path, "1735718400000,0.0001", "1735747200000,-0.0002,"))
    assert funding.time_ms.tolist() == [1735718400000, 1735747200000]
    assert funding.rate.tolist() == [0.0001, -0.0002]


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        (("1735747200000,0.01", "1735718400000,0.01"), r"row 2 \(1735718400000, 0.01\): needs a rate and a later time"),
        (("1735718400000,nan",), r"row 1 \(1735718400000, nan\): needs a rate"),
        (("1735718400000,word",), "row 1: funding_rate 'word' is no number"),
        ((), "holds no funding"),
        (
            ("1735718400000,0.01", "1735747200000,-0.05"),
            "row 2: funding_rate -0.05 is beyond 0.04; write shares, not %",
        ),
        (("1735718400,0.1",), "row 1: funding_time_ms 1735718400 is in seconds"),
        (("1735718400000,0.01", "1735747200000000,0.01"), "row 2: funding_time_ms 1735747200000000 is in microseconds"),
        (("1735718400000,0.1,BTCUSDT",), "rows have 3 fields and the header 2"),
    ],
)
def test_rates_that_cannot_be_paid_are_refused(tmp_path: Path, rows: tuple[str, ...], problem: str) -> None:
    with pytest.raises(DataError, match=rf"funding\.csv: {problem}"):
        read_funding_file(funding_file(tmp_path, *rows))


def test_a_column_of_another_name_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "funding.csv"
    path.write_text("calc_time,funding_rate\n1735718400000,0.1\n")
    with pytest.raises(DataError, match="column 'funding_time_ms' is missing; expected funding_time_ms, funding_rate"):
        read_funding_file(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"none\.csv"):
        read_funding_file(tmp_path / "none.csv")
