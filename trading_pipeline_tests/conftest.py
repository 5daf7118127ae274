"""Fixtures every folder of tests may use."""

from pathlib import Path

import pytest
from hypothesis import settings

pytest_plugins = ["trading_pipeline_tests.testkit.servers"]

# how long an example takes says something about the machine and nothing about the code
settings.register_profile("without deadline", deadline=None)
settings.load_profile("without deadline")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what may take longest: begun last, it would be waited for alone."""
    items.sort(key=_patience_s, reverse=True)


def _patience_s(item: pytest.Item) -> float:
    own = item.get_closest_marker("timeout")
    return float(own.args[0]) if own and own.args else 0.0


@pytest.fixture(scope="session")
def samples() -> Path:
    """Folder of recorded bars and of the venue's documented fields."""
    return Path(__file__).resolve().parent / "samples"
