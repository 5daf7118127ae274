"""The domain is arithmetic: no input, no output, no clock."""

import ast
import sys

import pytest

from trading_pipeline_tests.architecture.source_tree import imported_roots, label, modules, tree

ARRAYS = {"numpy", "pandas", "numba", "talib"}
INPUT_AND_OUTPUT = {"asyncio", "http", "io", "os", "pathlib", "select", "shutil", "signal", "socket", "sqlite3", "ssl"}
MORE_INPUT_AND_OUTPUT = {"subprocess", "tempfile", "threading", "time", "urllib"}
ALLOWED = sys.stdlib_module_names - INPUT_AND_OUTPUT - MORE_INPUT_AND_OUTPUT | ARRAYS | {"trading_pipeline"}

EXCEPTIONS = {
    # the stamp of the engine's compiled form is taken over its own sources
    "trading_pipeline/domain/backtest/compiled.py": {"pathlib"},
    # bytes in memory, for libraries that read from files only
    "trading_pipeline/domain/model/archives.py": {"io"},
    "trading_pipeline/domain/model/csv_tables.py": {"io"},
    "trading_pipeline/domain/model/table_files.py": {"io"},
}

WALL_CLOCKS = {
    ("datetime", "now"),
    ("datetime", "today"),
    ("datetime", "utcnow"),
    ("date", "today"),
    ("Timestamp", "now"),
    ("Timestamp", "today"),
    ("Timestamp", "utcnow"),
    ("time", "time"),
    ("time", "time_ns"),
}


def _wall_clocks(module: ast.Module) -> list[str]:
    found = []
    for node in ast.walk(module):
        if isinstance(node, ast.ImportFrom) and node.module == "time":
            found += [f"from time import {one.name}" for one in node.names if one.name in ("time", "time_ns")]
        if not isinstance(node, ast.Attribute):
            continue
        owner = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
        if (owner, node.attr) in WALL_CLOCKS:
            found.append(f"{owner}.{node.attr} in line {node.lineno}")
    return found


def test_the_domain_knows_the_standard_library_and_array_libraries_only() -> None:
    imported = {label(path): set(imported_roots(tree(path))) for path in modules("domain")}
    strangers = {path: names - ALLOWED - EXCEPTIONS.get(path, set()) for path, names in imported.items()}
    assert {path: names for path, names in strangers.items() if names} == {}


def test_decisions_never_read_the_wall_clock() -> None:
    readings = {label(path): _wall_clocks(tree(path)) for path in modules("domain", "services")}
    assert {path: lines for path, lines in readings.items() if lines} == {}


@pytest.mark.parametrize(
    "source",
    ["datetime.now(UTC)", "dt.datetime.utcnow()", "time.time()", "from time import time_ns", "pd.Timestamp.now('UTC')"],
)
def test_each_way_to_read_the_wall_clock_is_recognised(source: str) -> None:
    assert _wall_clocks(ast.parse(source))
