"""Tests that start whole systems share a group, and a group stays in one process: two systems make each other fail."""

import pytest

pytestmark = pytest.mark.xdist_group("demo")


def test_whoever_spreads_the_tests_sees_their_groups(request: pytest.FixtureRequest) -> None:
    spread = hasattr(request.config, "workerinput")
    assert request.node.nodeid.endswith("@demo") is spread
