"""A model is given by its name and counts by its content."""

import json
from pathlib import Path

import pytest

from trading_pipeline.adapters.parameters.strategy_files import find_strategy
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.strategies.fused_score.fused_score import FusedScore

MODEL = {
    "feature_order": ["rsi_14"],
    "weights": [1],
    "bias": 0,
    "mean": [50],
    "std": [10],
    "clip_min": -3,
    "clip_max": 3,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "trend.json").write_text(json.dumps(MODEL))
    return tmp_path


def test_a_model_is_read_from_the_folder_of_models(folder: Path) -> None:
    strategy = find_strategy(folder, "fused_score", {"model": "trend"})
    assert isinstance(strategy, FusedScore)
    assert strategy.parameters.model is not None
    assert strategy.parameters.model.features == ("rsi_14",)


def test_a_strategy_without_a_model_needs_no_folder(tmp_path: Path) -> None:
    assert find_strategy(tmp_path, "fused_score", {"model": None}) == FusedScore()


def test_a_model_that_is_trained_again_makes_another_version(folder: Path) -> None:
    before = find_strategy(folder, "fused_score", {"model": "trend"}).version
    (folder / "models" / "trend.json").write_text(json.dumps(MODEL | {"bias": 0.25}))
    assert find_strategy(folder, "fused_score", {"model": "trend"}).version != before


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("tredn", "{}", r"models has no tredn.json; did you mean trend\?"),
        ("../universe", "{}", r"has no ../universe.json"),
        ("trend", "{", r"trend.json cannot be read as JSON"),
        ("trend", "[]", r"trend.json must hold an object"),
        ("trend", "{}", r"trend.json: model description: 'feature_order' is missing"),
        (
            "trend",
            json.dumps(MODEL | {"feature_order": ["rsi_41"]}),
            r"unknown feature 'rsi_41'; did you mean rsi_14\?",
        ),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(folder: Path, name: str, text: str, message: str) -> None:
    (folder / "models" / "trend.json").write_text(text)
    with pytest.raises(ConfigurationError, match=message):
        find_strategy(folder, "fused_score", {"model": name})
