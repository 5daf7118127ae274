"""Change one thing at a time in the code that money passes through, and see whether a test notices.

    python benchmarks/mutants.py                                  everything benchmarks/mutants.toml names
    python benchmarks/mutants.py trading_pipeline/domain/risk     one folder or file
    python benchmarks/mutants.py --sample 10 --seconds 15         ten mutants of each file, their quickest tests

Works on a copy of the tree. A first run notes which test passes which line; a mutant then meets the tests that pass
its line, the quickest first, in a process forked from one that has the libraries loaded. Prints every mutant that
lives; exit code 1 when one lives that ``benchmarks/mutants.toml`` does not judge harmless.
"""

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
import time
import tomllib
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path

import coverage
import hypothesis
import numba
import pandas
import pytest
import sqlalchemy
from mutations import Mutant, mutants_of

WARM = (hypothesis, numba, pandas, sqlalchemy)
"""Libraries that every process would load again."""

ROOT = Path(__file__).resolve().parent.parent
COPIED = ("trading_pipeline", "trading_pipeline_tests", "config", "dbt_project", "docs", "pyproject.toml")
_BROKEN = 70
"""Exit code of a process that could not run pytest; its own are below 10."""


@dataclass(frozen=True)
class Passage:
    """What the first run saw: seconds of each test, and the tests that pass a line of a file."""

    seconds: Mapping[str, float]
    tests: Mapping[str, Mapping[str, Sequence[str]]]

    def meeting(self, file: str, line: int, most_s: float) -> list[str]:
        """Tests to ask, the quickest first: those that pass the line, all of a line that runs at import alone.

        A line that is a part of the one before is met by those that pass the file.

        :param most_s: seconds that they may take together, one test at least; 0 is as long as it takes.
        """
        lines = self.tests.get(file, {})
        whole_file = {test for tests in lines.values() for test in tests}
        chosen = lines.get(str(line), whole_file) or self.seconds
        ordered = sorted(chosen, key=lambda test: (self.seconds[test], test))
        ends = accumulate(self.seconds[test] for test in ordered)
        return ordered[: max(1, sum(end <= most_s for end in ends))] if most_s else ordered


@dataclass
class Tally:
    """Mutants of a folder, by what became of them."""

    made: int = 0
    lived: list[Mutant] = field(default_factory=list)
    harmless: int = 0


class Watch:
    """A plugin of pytest that notes which test passes which line, and how long it takes."""

    def __init__(self, tree: Path, code: Sequence[str]) -> None:
        """Watch the folders of ``code`` in the copy."""
        self.tree, self.seconds = tree, dict[str, float]()
        self.cover = coverage.Coverage(data_file=None, include=[f"{tree / folder}/*" for folder in code])

    def pytest_configure(self) -> None:
        """Begin before the first import."""
        quick_examples()
        self.cover.start()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """One context a test."""
        began = time.perf_counter()
        self.cover.switch_context(item.nodeid)
        try:
            return (yield)
        finally:
            self.cover.switch_context("")
            self.seconds[item.nodeid] = time.perf_counter() - began

    def passage(self) -> dict[str, object]:
        """What ``Passage`` holds."""
        self.cover.stop()
        data, tests = self.cover.get_data(), {}
        for file in data.measured_files():
            lines = data.contexts_by_lineno(file).items()
            tests[str(Path(file).relative_to(self.tree))] = {line: list(filter(None, names)) for line, names in lines}
        return {"seconds": self.seconds, "tests": tests}


class Chosen:
    """A plugin of pytest that keeps the tests of one mutant, in their order."""

    def __init__(self, tests: Sequence[str]) -> None:
        """Keep these."""
        self.place = {test: place for place, test in enumerate(tests)}

    def pytest_configure(self) -> None:
        """Before test modules are imported."""
        quick_examples()

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """In place, as pytest wants it."""
        items[:] = sorted((one for one in items if one.nodeid in self.place), key=lambda one: self.place[one.nodeid])


def quick_examples() -> None:
    """The same examples each time, and no search for the smallest that fails."""
    phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
    hypothesis.settings.register_profile("mutants", deadline=None, derandomize=True, database=None, phases=phases)
    hypothesis.settings.load_profile("mutants")


def tests_pass(tree: Path, paths: Iterable[str], plugin: object, then: Callable[[], None], limit_s: float) -> bool:
    """Run pytest on the copy in a process of its own.

    :param then: called in that process when every test passed.
    :raises SystemExit: pytest itself does not run.
    """
    child = os.fork()
    if child == 0:
        code = _BROKEN
        try:
            os.setsid()
            signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have it ignored in the background
            os.chdir(tree)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            sys.path.insert(0, str(tree))
            options = [*("-x", "-q", "-p", "no:cacheprovider"), *("-o", "addopts=--import-mode=importlib")]
            code = int(pytest.main([*options, f"--basetemp={tree}-pytest", *paths], plugins=[plugin]))
            if code == pytest.ExitCode.OK:
                then()
        finally:
            if code == _BROKEN:
                traceback.print_exc()
            os._exit(code)  # what is above this call belongs to the process that forked
    code = _ended(child, limit_s)
    if code == _BROKEN:
        raise SystemExit("pytest does not run, which says nothing of a mutant")
    return code == pytest.ExitCode.OK


def _ended(child: int, limit_s: float) -> int:
    """The exit code; one that takes too long is asked to end, so that it takes its servers with it, then made to."""
    deadlines = [(time.monotonic() + limit_s, signal.SIGINT), (time.monotonic() + limit_s + 20, signal.SIGKILL)]
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if deadlines and time.monotonic() > deadlines[0][0]:
            os.killpg(child, deadlines.pop(0)[1])
        time.sleep(0.01)


def watched(tree: Path, code: Sequence[str], tests: Sequence[str]) -> Passage:
    """Run every test once on the unchanged copy.

    :raises SystemExit: one fails.
    """
    watch, notes = Watch(tree, code), tree / "passage.json"
    if not tests_pass(tree, tests, watch, lambda: notes.write_text(json.dumps(watch.passage())) and None, 3600):
        raise SystemExit(f"a test of {', '.join(tests)} fails without any mutant; run it alone")
    return Passage(**json.loads(notes.read_text()))


def lives(tree: Path, mutant: Mutant, passage: Passage, most_s: float = 0) -> bool:
    """Whether every test that meets the mutant passes; a test that never ends has noticed it."""
    tests = passage.meeting(mutant.file, mutant.line, most_s)
    target = tree / mutant.file
    source = target.read_text()
    target.write_text(mutant.code)
    try:
        limit_s = 15 + 5 * sum(passage.seconds[test] for test in tests)
        return tests_pass(tree, sorted({test.split("::")[0] for test in tests}), Chosen(tests), lambda: None, limit_s)
    finally:
        target.write_text(source)


def files_of(tree: Path, code: Sequence[str], asked: Sequence[str]) -> list[str]:
    """Modules of the folders, those alone that were asked for when some were."""
    found = sorted(str(path.relative_to(tree)) for folder in code for path in (tree / folder).rglob("*.py"))
    return [file for file in found if not asked or any(file == one or file.startswith(one + "/") for one in asked)]


def thinned(made: Sequence[Mutant], most: int) -> list[Mutant]:
    """At most so many, evenly from all of the file; 0 is all."""
    return [made[place * len(made) // most] for place in range(most)] if 0 < most < len(made) else list(made)


def main() -> int:
    """Every scope of the configuration that holds something asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("asked", nargs="*", metavar="PATH", help="folder or file of the package; else all there are")
    parser.add_argument("--sample", type=int, default=0, metavar="N", help="at most so many mutants of each file")
    parser.add_argument("--seconds", type=float, default=0, metavar="S", help="of the quickest tests for each mutant")
    options = parser.parse_args()
    configuration = tomllib.loads((ROOT / "benchmarks/mutants.toml").read_text())
    harmless = {(one["file"], one["was"], became) for one in configuration["harmless"] for became in one["became"]}
    asked, total = [one.rstrip("/") for one in options.asked], dict[str, Tally]()
    with tempfile.TemporaryDirectory(prefix="mutants-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # PostgreSQL runs as a user of its own under root
        tree = Path(folder) / "tree"
        tree.mkdir()
        for name in COPIED:
            (shutil.copytree if (ROOT / name).is_dir() else shutil.copy2)(ROOT / name, tree / name)
        for scope in configuration["scope"]:
            files = files_of(tree, scope["code"], asked)
            if files:
                run(tree, files, scope, options, harmless, total)
    return report(total)


def run(
    tree: Path,
    files: Sequence[str],
    scope: Mapping[str, Sequence[str]],
    options: argparse.Namespace,
    harmless: set[tuple[str, str, str]],
    total: dict[str, Tally],
) -> None:
    """All mutants of one scope, one after the other."""
    passage = watched(tree, scope["code"], scope["tests"])
    sys.dont_write_bytecode = True  # what is compiled of a mutant must not be found by the next
    for file in files:
        tally = total.setdefault(str(Path(file).parent), Tally())
        for mutant in thinned(mutants_of(file, (tree / file).read_text()), options.sample):
            tally.made += 1
            if not lives(tree, mutant, passage, options.seconds):
                continue
            if (mutant.file, mutant.was, mutant.became) in harmless:
                tally.harmless += 1
                continue
            tally.lived.append(mutant)
            print(f"{mutant.file}:{mutant.line}\n  - {mutant.was}\n  + {mutant.became}", flush=True)
        print(f"{file}: done, {tally.made} in {Path(file).parent} so far", flush=True)


def report(total: Mapping[str, Tally]) -> int:
    """One line a folder."""
    for folder, tally in total.items():
        print(f"{folder}: {tally.made} mutants, {len(tally.lived)} live, {tally.harmless} live and do no harm")
    return 1 if any(tally.lived for tally in total.values()) else 0


if __name__ == "__main__":
    raise SystemExit(main())
