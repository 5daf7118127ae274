"""The recipes of CONTRIBUTING, read from its text and followed in a copy of the package."""

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from trading_pipeline_tests.architecture.source_tree import PACKAGE, ROOT

_MADE_FOR_TESTS = Path(__file__).parent / "recipes"
_TIMEOUT_S = 240


@dataclass(frozen=True)
class Recipe:
    """What it takes to add one thing.

    :param makes: files and folders, with their placeholders.
    :param registered_in: the file that the one line goes into.
    :param name: of what the line goes into there.
    :param line: with its placeholders.
    """

    makes: tuple[str, ...]
    registered_in: str
    name: str
    line: str


def recipe(thing: str) -> Recipe:
    """The list under ``**A <thing>**``; exactly one of its items says where one line goes."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    section = re.search(rf"^\*\*An? {thing}\*\*.*?(?=^\*\*|^## )", text, re.MULTILINE | re.DOTALL)
    assert section is not None, f"CONTRIBUTING.md has no recipe for a {thing}"
    items = [" ".join(item.split()) for item in re.split(r"^- ", section[0], flags=re.MULTILINE)[1:]]
    makes = tuple(re.findall(r"`([^`]+)`", item)[0] for item in items if not item.startswith("One line"))
    (registration,) = (item for item in items if item.startswith("One line"))
    name, registered_in, line = re.findall(r"`([^`]+)`", registration)
    return Recipe(makes, registered_in, name, line)


class Workshop:
    """A copy of the package and the configuration in which a recipe is followed.

    :ivar folder: holds both.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(PACKAGE, folder / PACKAGE.name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copytree(ROOT / "config", folder / "config")

    def place(self, made: str, path: str) -> None:
        """Put a file or folder made for tests where the recipe wants it; to a file that is there it is added."""
        source, target = _MADE_FOR_TESTS / made, self.path(path)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        elif target.exists():
            target.write_text(f"{target.read_text()}\n\n{source.read_text()}")
        else:
            shutil.copyfile(source, target)

    def register(self, recipe: Recipe, line: str) -> None:
        """Write the one line as the first of what it goes into."""
        target = self.path(recipe.registered_in)
        written, count = re.subn(rf"^({recipe.name}\b.*[({{]\n)", rf"\1    {line}\n", target.read_text(), flags=re.M)
        assert count == 1, f"{recipe.registered_in} has no {recipe.name} to add a line to"
        target.write_text(written)

    def path(self, path: str) -> Path:
        """Where a path of a recipe is."""
        return self.folder / path if path.startswith("config/") else self.folder / PACKAGE.name / path

    def test(self, *arguments: str) -> str:
        """Run tests of this project against the copy and return what they printed.

        :raises AssertionError: one of them failed.
        """
        options = ["-o", "addopts=", "--import-mode=importlib", "-p", "no:cacheprovider", "-q"]
        return self._run("-m", "pytest", *options, f"--rootdir={ROOT}", *arguments)

    def lint_imports(self) -> str:
        """Hold the copy against the import contracts."""
        code = "import sys; from importlinter.cli import lint_imports_command as lint; lint()"
        return self._run("-c", code, "--config", str(ROOT / ".importlinter"), "--no-cache", "--no-logo")

    def _run(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,  # python looks for modules here first, and finds the copy
            env={"PYTHONPATH": f"{self.folder}:{ROOT}", "PATH": "/usr/bin:/bin", "COLUMNS": "200"},
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done.stdout
