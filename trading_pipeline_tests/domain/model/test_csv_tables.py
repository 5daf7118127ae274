"""The shape of tables in CSV files."""

import gzip

import pytest

from trading_pipeline.domain.model.csv_tables import table_of
from trading_pipeline.domain.model.errors import DataError


@pytest.mark.parametrize(
    "text",
    [
        "a,b\n1,2\n3,4\n",
        "a,b\n1,2\n3,4",
        "a,b\r\n1,2\r\n3,4\r\n",
        "a,b\r1,2\r3,4\r",
        "\na,b\n\n1,2\n3,4\n\n\n",
        "\ufeffa,b\n1,2\n3,4\n",
        '"a","b"\n"1","2"\n"3","4"\n',
        "a,b\n1,2,\n3,4,\n",
        "a,b\n1,2\n3,4,\n",
    ],
)
def test_the_same_table_is_read_however_it_is_written(text: str) -> None:
    assert table_of(text.encode(), "a.csv").to_dict("list") == {"a": [1, 3], "b": [2, 4]}


def test_a_packed_table_is_read_by_its_name() -> None:
    assert table_of(gzip.compress(b"a,b\n1,2\n"), "a.csv.gz").to_dict("list") == {"a": [1], "b": [2]}


def test_a_comma_between_quotation_marks_separates_nothing() -> None:
    assert table_of(b'a,b\n"1,000",2\n', "a.csv").to_dict("list") == {"a": ["1,000"], "b": [2]}


def test_an_empty_last_field_is_missing() -> None:
    table = table_of(b"a,b\n1,\n3,4\n", "a.csv")
    assert table["a"].tolist() == [1, 3]
    assert table["b"].isna().tolist() == [True, False]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a,b\n1,2,9\n3,4,9\n", r": rows have 3 fields and the header 2 \('a,b'\); name every column"),
        ("a,b\n1,2,9\n3,4,\n", ": row 1 has 3 fields"),
        ("a,b\n1,2\n3,4,9\n", ": row 2 has 3 fields and the header 2"),
        ("a,b\n1,2\n3\n", ": row 2 has 1 field and the header 2"),
        ("a,b\n1,2,,\n", ": rows have 4 fields and the header 2"),
        ("a,b,c\n1,2\n3,4\n", ": rows have 2 fields and the header 3"),
        ("", " is empty"),
        ("\n\n", " is empty"),
        ('"a,b\n1,2\n', " is no CSV: a quotation mark is never closed"),
        ('a,b\n"1,2\n', " is no CSV"),
        ("a,b\n\udcff,2\n", " is no text in UTF-8"),
    ],
)
def test_rows_of_another_number_of_fields_than_the_header_are_refused(text: str, problem: str) -> None:
    content = text.encode(errors="surrogateescape")
    with pytest.raises(DataError, match=f"^a.csv{problem}") as refused:
        table_of(content, "a.csv")
    assert "\n" not in str(refused.value)
