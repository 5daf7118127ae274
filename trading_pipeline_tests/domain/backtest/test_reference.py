from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

import pytest

from trading_pipeline.domain.backtest.codes import LegKind, Outcome
from trading_pipeline.domain.backtest.engine import run_account
from trading_pipeline_tests.domain.backtest.agreement import difference
from trading_pipeline_tests.domain.backtest.random_accounts import account_of
from trading_pipeline_tests.domain.backtest.reference_loop import Reference
from trading_pipeline_tests.domain.backtest.situations import ALL, situations

pytestmark = pytest.mark.xdist_group("reference")

SEEDS = (*range(300), 5354, 6095)
"""The last two: quantities that floats put a last bit below whole lots."""
MORE_SEEDS = range(300, 1000)
NOT_DRAWN = {
    Outcome.PENDING: "no signal is left without an answer",
    Outcome.NO_FREE_MARGIN: "signals that bring a quantity",
    Outcome.CANCELLED: "grids of levels",
    Outcome.TOO_MANY_RESTING: "hundreds of orders at once",
}
NAMES = {
    *ALL,
    *(f"fill {kind.label}" for kind in LegKind),
    *(f"outcome {outcome.label}" for outcome in Outcome if outcome not in NOT_DRAWN),
}


class Comparison(NamedTuple):
    """What differs, by seed, and how often everything happened."""

    differences: dict[int, str]
    happened: Counter[str]


def compared(seeds: Iterable[int]) -> Comparison:
    differences, happened = {}, Counter[str]()
    for seed in seeds:
        lanes, path = account_of(seed)
        reference = Reference(lanes, path).run()
        found = difference(run_account(lanes, path), reference)
        if found is not None:
            differences[seed] = found
        happened.update(situations(reference))
    return Comparison(differences, happened)


def assert_none_differs(comparison: Comparison) -> None:
    first = "\n".join(f"seed {seed}: {found}" for seed, found in list(comparison.differences.items())[:5])
    assert not comparison.differences, f"{len(comparison.differences)} accounts differ\n{first}"


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    return compared(SEEDS)


def test_the_engine_does_what_the_reference_does(comparison: Comparison) -> None:
    assert_none_differs(comparison)


@pytest.mark.proof
def test_the_engine_does_it_for_many_more_accounts() -> None:
    assert_none_differs(compared(MORE_SEEDS))


@pytest.mark.parametrize("name", sorted(NAMES))
def test_among_the_random_accounts_everything_happens(comparison: Comparison, name: str) -> None:
    assert comparison.happened[name] > 0
