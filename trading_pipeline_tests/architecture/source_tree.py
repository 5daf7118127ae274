"""The project's own files, as the rules about them read them."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "trading_pipeline"


def modules(*folders: str) -> list[Path]:
    """Every module of the package, or of some of its folders, sorted."""
    roots = [PACKAGE / folder for folder in folders] or [PACKAGE]
    return sorted(path for root in roots for path in root.rglob("*.py"))


def label(path: Path) -> str:
    """Name of a file in a test report: its path from the root."""
    return str(path.relative_to(ROOT))


def tree(path: Path) -> ast.Module:
    """The parsed module."""
    return ast.parse(path.read_text(), filename=str(path))


def imported_roots(module: ast.Module) -> Iterator[str]:
    """First parts of the names of everything the module imports, wherever the import stands."""
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").split(".")[0]
