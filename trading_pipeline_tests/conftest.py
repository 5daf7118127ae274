"""Fixtures every folder of tests may use."""

from pathlib import Path

import pytest

pytest_plugins = ["trading_pipeline_tests.testkit.servers"]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of recorded market data beside the checkout; absent on a user's machine."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("recorded market data (../shared/data) is not on this machine")
    return folder
