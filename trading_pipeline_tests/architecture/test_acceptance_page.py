"""Every scenario of ``docs/acceptance.md`` is held by tests that exist."""

import re

import pytest

from trading_pipeline_tests.architecture.source_tree import ROOT

PAGE = (ROOT / "docs" / "acceptance.md").read_text()
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith("| scenario")]


def named_tests(row: str) -> list[tuple[str, str]]:
    """Module and function of each test that a row names."""
    return re.findall(r"`(\w+)::(\w+)`", row.rsplit("|", 2)[1])


def there_is(module: str, function: str) -> bool:
    files = (ROOT / "trading_pipeline_tests").rglob(f"test_{module}.py")
    return any(f"def test_{function}(" in file.read_text() for file in files)


@pytest.mark.parametrize("row", ROWS, ids=[row[2:60] for row in ROWS])
def test_a_scenario_is_held_by_a_test_that_is_there(row: str) -> None:
    named = named_tests(row)
    assert named
    assert [one for one in named if not there_is(*one)] == []


def test_a_test_that_is_gone_is_noticed() -> None:
    assert not there_is("acceptance_page", "that_nobody_has_written")
