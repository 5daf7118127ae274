"""Pauses between two tries."""

import random

from hypothesis import given
from hypothesis import strategies as st

from trading_pipeline.runtime.feed.backoff import Backoff


@given(st.integers(0, 1000), st.integers(1, 20))
def test_pauses_grow_from_a_second_to_a_minute(seed: int, sessions: int) -> None:
    backoff = Backoff(jitter=random.Random(seed))
    for number in range(sessions):
        ceiling = min(2.0**number, 60.0)
        assert ceiling / 2 <= backoff.pause_s(0.1) <= ceiling


def test_a_healthy_session_starts_anew() -> None:
    backoff = Backoff(jitter=random.Random(1))
    for _ in range(10):
        backoff.pause_s(0.1)
    assert backoff.pause_s(60.0) <= 1.0
    assert 1.0 <= backoff.pause_s(59.9) <= 2.0
