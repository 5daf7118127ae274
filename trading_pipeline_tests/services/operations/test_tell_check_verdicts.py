"""One message per problem, one when it is over."""

from collections.abc import Mapping

from trading_pipeline.ports.notifications import Severity
from trading_pipeline.services.operations.tell_check_verdicts import CheckVerdict, Problem, Told, tell_check_verdicts
from trading_pipeline_tests.testkit.execution_lab import Postbox

CHECK = "bars_1h ohlc_sane"


def problem(*ids: str, bars: int = 2) -> Problem:
    return Problem(ids, bars, tuple(f"impossible bar {one}" for one in ids))


def said(problems: Mapping[str, Problem], told: Told) -> tuple[list[tuple[Severity, str, str]], Told]:
    """Messages about one verdict, and what was told by then."""
    postbox = Postbox()
    verdict = CheckVerdict("bars_1h", "ohlc_sane", "run-7", problems)
    known = tell_check_verdicts(notifier=postbox, verdicts=[verdict], told=told)
    return postbox.messages, known


def test_of_checks_that_pass_nothing_is_said_and_nothing_remembered() -> None:
    assert said({}, {}) == ([], {})


def test_a_problem_more_of_the_same_instrument_is_news() -> None:
    messages, told = said({"BTC": problem("3h", "9h", bars=5)}, {CHECK: {"BTC": ["3h"]}})
    assert [subject for _, subject, _ in messages] == [f"check failed: {CHECK}"]
    assert told == {CHECK: {"BTC": ["3h", "9h"]}}


def test_more_bars_spoiled_by_the_same_bar_are_no_news() -> None:
    assert said({"BTC": problem("3h", bars=99)}, {CHECK: {"BTC": ["3h"]}})[0] == []


def test_only_breaking_again_makes_a_bar_news() -> None:
    messages, told = said({"BTC": problem("9h")}, {CHECK: {"BTC": ["3h", "9h"]}})
    assert messages == []
    assert len(said({"BTC": problem("3h", "9h")}, told)[0]) == 1


def test_a_cured_instrument_is_named_beside_a_failing() -> None:
    ((severity, subject, body),), _ = said({"SOL": problem("9h")}, {CHECK: {"BTC": ["3h"], "SOL": ["9h"]}})
    assert (severity, subject) == (Severity.INFO, f"still failing: {CHECK}")
    assert body.startswith("BTC: nothing is wrong any more. It still fails for SOL.")


def test_a_check_without_subjects_fails_and_passes_as_a_whole() -> None:
    ((_, _, body),), told = said({"": Problem(("failed",), 0, ("Got 3 results",))}, {})
    assert body.startswith("Got 3 results. Asked by run run-7; in the Dagster UI: Assets, bars_1h, Checks, ohlc_sane")
    ((severity, _, body),), told = said({}, told)
    assert (severity, told) == (Severity.INFO, {})
    assert body.startswith("Asked by run run-7")


def test_many_instruments_at_once_are_one_message_that_names_five() -> None:
    ((_, _, body),), _ = said({f"N{number}": problem(f"{number}h") for number in range(200)}, {})
    assert body.startswith(
        "impossible bar 0h; impossible bar 1h; impossible bar 2h; impossible bar 3h; impossible bar 4h; and 195 more. "
        "It fails 400 bars of N0, N1, N2, N3, N4 and 195 more in all"
    )


def test_what_was_told_of_unasked_checks_stays() -> None:
    told = {"bars_4h no_gap": {"BTC": ["3h"]}}
    assert said({}, told)[1] == told


def test_a_failed_check_says_where_its_partitions_are_launched_again() -> None:
    postbox, ui = Postbox(), "http://127.0.0.1:3000/dagster"
    for problems in ({"BTC": problem("3h")}, {}):
        verdict = CheckVerdict("bars_1h", "ohlc_sane", "run-7", problems)
        tell_check_verdicts(notifier=postbox, verdicts=[verdict], told={CHECK: {"SOL": ["1h"]}}, ui=ui)
    (_, _, failed), (_, _, passes) = postbox.messages
    assert f"{ui}/assets/bars_1h?view=partitions " in failed
    assert f"{ui}/runs/run-7 " in failed
    assert "view=partitions" not in passes
