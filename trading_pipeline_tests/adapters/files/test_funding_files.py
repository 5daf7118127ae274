"""Funding rates from CSV files."""

from pathlib import Path

import pytest

from trading_pipeline.adapters.files.funding_files import read_funding_file
from trading_pipeline.domain.model.errors import ConfigurationError, DataError


def test_times_and_rates_are_read(tmp_path: Path) -> None:
    path = tmp_path / "funding.csv"
    path.write_text("funding_time_ms,funding_rate\n1000,0.0001\n2000,-0.0002\n")
    funding = read_funding_file(path)
    assert funding.time_ms.tolist() == [1000, 2000]
    assert funding.rate.tolist() == [0.0001, -0.0002]


@pytest.mark.parametrize(
    "text",
    [
        "time,rate\n1,2\n",
        "funding_time_ms,funding_rate\n2000,0.1\n1000,0.1\n",
        "funding_time_ms,funding_rate\n1000,nan\n",
        "funding_time_ms,funding_rate\n1000,word\n",
    ],
)
def test_rates_that_cannot_be_paid_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "funding.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=r"funding\.csv"):
        read_funding_file(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"none\.csv"):
        read_funding_file(tmp_path / "none.csv")
