"""What the documents name exists: paths, links, make targets, subcommands."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from trading_pipeline.cli.main import app
from trading_pipeline_tests.architecture.source_tree import PACKAGE, ROOT, label, modules

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
BASES = (ROOT, PACKAGE, ROOT / "docs")
SEARCHED = ("config", "dbt_project", "docker", "docs", "trading_pipeline", "trading_pipeline_tests")
FILE = re.compile(r"\.(py|md|ya?ml|toml|sql|lock|ini|sh|json|csv)$")


def _quoted(text: str) -> Iterator[str]:
    """Inline code, and the lines of fenced blocks."""
    for number, part in enumerate(text.split("```")):
        yield from re.findall(r"`([^`\n]+)`", part) if number % 2 == 0 else part.splitlines()[1:]


def _paths(text: str) -> set[str]:
    """Quoted words that claim to be a path of this project; ``<name>`` stands for any."""
    claimed = set()
    for word in (code.rstrip("/:") for code in _quoted(text)):
        if not re.fullmatch(r"[\w.<>*-]+(/[\w.<>*-]+)*", word) or word.startswith(("..", "var/")):
            continue
        first = word.split("/")[0]
        if FILE.search(word) or ("/" in word and any((base / first).exists() for base in BASES)):
            claimed.add(re.sub(r"<[^>]*>", "*", word))
    return claimed


def _exists(claim: str) -> bool:
    """A path may start at the root or be the end of one: ``risk.yaml``, ``domain/model``."""
    if next(ROOT.glob(claim), None):
        return True
    return any(next((ROOT / folder).rglob(claim), None) for folder in SEARCHED)


def _targets() -> set[str]:
    makefile = ROOT / "Makefile"
    return set(re.findall(r"^([\w-]+):", makefile.read_text(), re.MULTILINE)) if makefile.exists() else set()


def _invented(words: list[str]) -> set[str]:
    """What of a command line, ``trading-pipeline`` left out, is neither a subcommand nor an option of it."""
    command = typer.main.get_command(app)
    while isinstance(command, typer.core.TyperGroup) and words and not words[0].startswith("-"):
        if words[0] not in command.commands:
            return {words[0]}
        command, words = command.commands[words[0]], words[1:]
    known = {"--help", *(name for one in command.params for name in (*one.opts, *one.secondary_opts))}
    return {word for word in words if word.startswith("--")} - known


def _headings(page: Path) -> set[str]:
    """The anchors that its headings have."""
    plain = (
        re.sub(r"[`*]", "", heading).lower() for heading in re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    )
    return {re.sub(r"[^\w -]", "", heading).strip().replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("document", DOCUMENTS, ids=label)
def test_named_paths_exist(document: Path) -> None:
    assert sorted(claim for claim in _paths(document.read_text()) if not _exists(claim)) == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=label)
def test_links_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=label)
def test_links_into_a_page_lead_to_a_heading(document: Path) -> None:
    links = re.findall(r"\]\(([^)#:\s]*)#([^)\s]+)\)", document.read_text())
    pages = [(document.parent / page if page else document, anchor) for page, anchor in links]
    assert [anchor for page, anchor in pages if page.suffix == ".md" and anchor not in _headings(page)] == []


@pytest.mark.parametrize("index", ["docs/README.md", "docs/decisions/README.md"])
def test_an_index_names_every_page_beside_it(index: str) -> None:
    page = ROOT / index
    beside = {one.name for one in page.parent.glob("*.md")} - {page.name}
    assert beside - set(re.findall(r"\]\(([^)#:\s/]+)\)", page.read_text())) == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=label)
def test_named_commands_exist(document: Path) -> None:
    quoted = list(_quoted(document.read_text()))
    made = {word for code in quoted for word in re.findall(r"^\s*(?:\$ )?make ([a-z][\w-]*)", code)}
    assert made <= _targets()


@pytest.mark.parametrize("document", DOCUMENTS, ids=label)
def test_named_subcommands_and_options_exist(document: Path) -> None:
    # a line that ends in a backslash goes on in the next one
    lines = "\n".join(_quoted(document.read_text())).replace("\\\n", " ").splitlines()
    calls = [call for line in lines for call in re.findall(r"\btrading-pipeline ([a-z][^;|&]*)", line)]
    assert [call for call in calls if _invented(re.sub(r'"[^"]*"', "text", call).split())] == []


def test_the_readme_names_every_command() -> None:
    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    # the table under the heading that is the program's own name
    table = (ROOT / "README.md").read_text().partition("| `trading-pipeline …` |")[2].partition("\n\n")[0]
    firsts = [row.split(" | ")[0] for row in table.splitlines()]
    named = {code.split()[0] for first in firsts for code in re.findall(r"`([^`]+)`", first)}
    assert named == set(group.commands)


@pytest.mark.parametrize(
    ("line", "invented"),
    [
        ("halt BTCUSDT --reason text", set()),
        ("halts BTCUSDT", {"halts"}),
        ("bars forget BTCUSDT", {"forget"}),
        ("halt BTCUSDT --because text", {"--because"}),
        ("backtest --bars a.csv --pars 1", {"--pars"}),
    ],
)
def test_an_option_that_is_gone_is_noticed(line: str, invented: set[str]) -> None:
    assert _invented(line.split()) == invented


def test_pages_that_the_code_refers_to_exist() -> None:
    # a decision is often named by its number alone: docs/decisions/0006
    named = {page for path in modules() for page in re.findall(r"(?<![\w/.])docs/[\w/.-]*\w", path.read_text())}
    missing = [page for page in named if not next(ROOT.glob(f"{page}*"), None)]
    assert named
    assert missing == []


@pytest.mark.parametrize(
    ("text", "claims"),
    [
        ("see `domain/risk/rules/` and `config/risk.yaml`", {"domain/risk/rules", "config/risk.yaml"}),
        ("add `adapters/venues/<venue>/parse.py`", {"adapters/venues/*/parse.py"}),
        ("`15m/1h` and `../shared/data` and `stream:dlq` are no paths", set()),
        ("```\ndocs/glossary.md\n```", {"docs/glossary.md"}),
    ],
)
def test_a_quoted_path_is_told_from_a_word(text: str, claims: set[str]) -> None:
    assert _paths(text) == claims


def test_a_path_that_is_gone_is_noticed() -> None:
    assert not _exists("domain/model/gone.py")
    assert not _exists("gone.yaml")
