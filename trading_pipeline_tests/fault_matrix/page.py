"""``docs/fault_matrix.md``: every scenario with what became of it when it was last told."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from trading_pipeline_tests.fault_matrix.story import Outcome, Scenario

PAGE = Path(__file__).resolve().parents[2] / "docs" / "fault_matrix.md"
_HEAD = """\
# Fault matrix

What strikes while a position is entered, held and left, and what comes of it. Each row is told by the real jobs
(`execute_plans`, `follow_fills`, `manage_positions`, `reconcile`) with the real client of Bybit on the simulated
exchange and a real ledger; in some the feed hears the account's private messages beside them, or the watchdog looks
before every call that a run makes. What a run stands on goes away between two of its calls: PostgreSQL, Redis or what
it held, the feed, or the daemon, after which nobody requests a run until the market has moved. A row in which nothing
struck fails. Written by `python -m trading_pipeline_tests.fault_matrix`; `make proofs` tells all of it, `make test` a
row of each part.

The trade: 5 long at 100 with a stop at 90 and targets at 110 and 120. The market goes to 111, where the first target
fills and the stop is pulled to the entry, and comes back to 99, where the stop fills (`break_even`). Rows that begin
with `limit` enter at 99.5, where nobody sells for 15 s, and then at the market.

Whatever strikes, these hold after every step, asked of the exchange's own books and of the ledger:

* at most one order per intent, and no more filled than was decided;
* an open position has a live stop before the venue's clock goes on, so that none is naked for a second;
* whatever leaves a position is reduce-only;
* no intent of which nobody knows what became of it, no plan that is half done;
* ledger equals venue: positions, stops, resting orders, executions and money to the last digit; where an instrument
  is halted, until a human has acted;
* every intent leads to the run that wrote it, every step to a run that Dagster has on record and that has ended;
* another instrument is traded afterwards; not where the whole account is halted.

`test_random_walk.py` beside it walks three days of trades on three instruments with some 500 of these faults, drawn by
a seed (`FAULT_SEED`) kind after kind, so that each strikes many times; it kills or terminates every fifth run on the
way, lets the feed die and begins it anew, and plays the human who takes back what was added by hand. The same holds
after every wave and every fill.

| strikes | ends as | a human hears | left to a human |
|---|---|---|---|
"""


def page_of(told: Iterable[tuple[Scenario, Outcome]]) -> str:
    """The whole page."""
    return _HEAD + "".join(_row(scenario, outcome) for scenario, outcome in told)


def _row(scenario: Scenario, outcome: Outcome) -> str:
    ends = f"**{'; '.join(outcome.wrong)}**" if outcome.wrong else f"`{outcome.reason}`"
    heard = ", ".join(sorted({subject.split(":")[0] for subject in outcome.messages}))
    return f"| {scenario.name} | {ends} | {heard} | {'halted' if outcome.halted else ''} |\n"


def names_on(page: str) -> Sequence[str]:
    """Scenarios that a page has rows of."""
    rows = page.split("|---|---|---|---|\n")[1].splitlines()
    return [row.split(" | ")[0].removeprefix("| ") for row in rows]
