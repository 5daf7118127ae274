"""Runs as documents."""

import json
from pathlib import Path

import pytest

from trading_pipeline.adapters.files.run_files import TRADE_KEYS, read_run, run_document, write_document
from trading_pipeline.domain.model.errors import ConfigurationError, DataError
from trading_pipeline_tests.testkit.research import a_run


def test_a_document_has_exactly_the_agreed_keys(tmp_path: Path) -> None:
    write_document(tmp_path / "deep" / "run.json", run_document(a_run()))
    document = json.loads((tmp_path / "deep" / "run.json").read_text())
    assert list(document) == ["run_id", "params", "metrics", "trades"]
    trade = document["trades"][0]
    assert tuple(trade) == (*TRADE_KEYS, "legs")
    assert trade["side"] == "long"
    assert trade["entry_time"] == "2025-03-01T00:00:00Z"
    assert trade["legs"][1] == {"time": "2025-03-01T05:00:00Z", "price": 102.0, "fraction": 0.6, "kind": "take_profit"}


def test_a_run_reads_back_but_for_what_a_document_leaves_out(tmp_path: Path) -> None:
    path, run = tmp_path / "run.json", a_run()
    write_document(path, run_document(run))
    again = read_run(path)
    assert run_document(again) == run_document(run)
    assert again.trades[0].entry_time == run.trades[0].entry_time


def test_numbers_that_json_does_not_have_become_null(tmp_path: Path) -> None:
    write_document(tmp_path / "x.json", {"a": float("nan"), "b": [float("inf"), 1.5]})
    assert json.loads((tmp_path / "x.json").read_text()) == {"a": None, "b": [None, 1.5]}


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"run_id": "a"}', '{"run_id": "a", "params": {}, "metrics": {}, "trades": [1]}']
)
def test_what_is_no_run_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "run.json"
    path.write_text(text)
    with pytest.raises(DataError, match=r"run\.json"):
        read_run(path)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="cannot be written"):
        write_document(tmp_path / "file" / "run.json", {})
