"""Tell the operator what checks found: once when something fails, once when it passes again."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from trading_pipeline.ports.notifications import Notifier, Severity

_NAMED = 5
"""Subjects named in one message; the rest is counted."""

Told = Mapping[str, Mapping[str, Sequence[str]]]
"""By check and subject, the ids of the problems that the operator was told of."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What a check holds against one subject, such as an instrument.

    :param ids: one for each thing to blame, the same for as long as that thing is the same.
    :param bars: bars that fail; 0 where the check is not about bars.
    :param first: the first reasons, in words.
    """

    ids: tuple[str, ...]
    bars: int
    first: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CheckVerdict:
    """What a check said last, about everything that it is about.

    :param run_id: the run that asked it.
    :param problems: by subject; empty where the check passed.
    """

    asset: str
    name: str
    run_id: str
    problems: Mapping[str, Problem]

    @property
    def check(self) -> str:
        """Asset and name, which are a check's key."""
        return f"{self.asset} {self.name}"


def tell_check_verdicts(
    *, notifier: Notifier, verdicts: Iterable[CheckVerdict], told: Told, ui: str = ""
) -> dict[str, dict[str, list[str]]]:
    """Send one message per check that has news: a problem nobody was told of, or subjects that have none any more.

    :param told: what the operator was told so far.
    :param ui: address of the Dagster UI, for links; empty where it is not known.
    :returns: what the operator was told by now, to be remembered.
    """
    known = {check: {name: list(ids) for name, ids in subjects.items()} for check, subjects in told.items()}
    for verdict in verdicts:
        before = known.get(verdict.check, {})
        # By ids and not by count: two bars of which one is cured and another broke are news.
        worse = [name for name, one in verdict.problems.items() if not set(one.ids) <= set(before.get(name, ()))]
        over = [name for name in before if name not in verdict.problems]
        if worse:
            notifier.notify(Severity.WARNING, f"check failed: {verdict.check}", _failed(verdict, worse, ui))
        elif over:
            subject = "still failing" if verdict.problems else "check passes again"
            notifier.notify(Severity.INFO, f"{subject}: {verdict.check}", _passed(verdict, over, ui))
        known[verdict.check] = {name: list(one.ids) for name, one in verdict.problems.items()}
    return {check: subjects for check, subjects in known.items() if subjects}


def _failed(verdict: CheckVerdict, worse: Sequence[str], ui: str) -> str:
    """What is new, how much fails in all, and where to look."""
    reasons = [reason for name in worse[:_NAMED] for reason in verdict.problems[name].first]
    if len(worse) > _NAMED:
        reasons.append(f"and {len(worse) - _NAMED} more")
    bars = sum(one.bars for one in verdict.problems.values())
    total = (
        f" It fails {bars} bars of {_named(list(verdict.problems))} in all; no decision rests on them." if bars else ""
    )
    relaunch = f" Relaunch its partitions at {ui}/assets/{verdict.asset}?view=partitions ." if ui else ""
    return f"{'; '.join(reasons)}.{total} {_look(verdict, ui)}{relaunch} It is not repeated while this stands."


def _passed(verdict: CheckVerdict, over: Sequence[str], ui: str) -> str:
    sound = f"{_named(over)}: nothing is wrong any more. " if any(over) else ""
    left = f"It still fails for {_named(list(verdict.problems))}. " if verdict.problems else ""
    return f"{sound}{left}{_look(verdict, ui)}"


def _look(verdict: CheckVerdict, ui: str) -> str:
    run = f"{verdict.run_id} ({ui}/runs/{verdict.run_id} )" if ui else verdict.run_id
    return (
        f"Asked by run {run}; in the Dagster UI: Assets, {verdict.asset}, Checks, {verdict.name}, where it "
        "can be asked again. Ways out: docs/operations.md, Alerts."
    )


def _named(subjects: Sequence[str]) -> str:
    rest = f" and {len(subjects) - _NAMED} more" if len(subjects) > _NAMED else ""
    return ", ".join(subjects[:_NAMED]) + rest
