"""Fixtures every folder of tests may use."""

from pathlib import Path

import pytest
from hypothesis import settings

pytest_plugins = ["trading_pipeline_tests.testkit.servers"]

# how long an example takes says something about the machine and nothing about the code
settings.register_profile("without deadline", deadline=None)
settings.load_profile("without deadline")


@pytest.fixture(scope="session")
def samples() -> Path:
    """Folder of recorded bars and of the venue's documented fields."""
    return Path(__file__).resolve().parent / "samples"
