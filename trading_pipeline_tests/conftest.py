"""Fixtures every folder of tests may use."""

from pathlib import Path

import pytest

pytest_plugins = ["trading_pipeline_tests.testkit.servers"]


@pytest.fixture(scope="session")
def samples() -> Path:
    """Folder of recorded bars and of the venue's documented fields."""
    return Path(__file__).resolve().parent / "samples"
