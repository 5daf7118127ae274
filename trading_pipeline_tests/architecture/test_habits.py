"""Habits that keep files readable: docstrings, frozen values, names that say something."""

import ast
import dataclasses
import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from trading_pipeline_tests.architecture.source_tree import ROOT, label, modules, tree

Documented = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def _public(module: ast.Module) -> Iterator[Documented]:
    """Public functions and classes, and public methods of public classes."""
    for node in module.body:
        if isinstance(node, Documented) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from (one for one in node.body if isinstance(one, Documented) and not one.name.startswith("_"))


def _undocumented(path: Path) -> list[str]:
    module = tree(path)
    named = [node.name for node in _public(module) if not ast.get_docstring(node)]
    return named if ast.get_docstring(module) else ["the module itself", *named]


def _loose_values(path: Path) -> list[str]:
    module = import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    return [
        name
        for name, kind in inspect.getmembers(module, inspect.isclass)
        if dataclasses.is_dataclass(kind)
        and kind.__module__ == module.__name__
        and not (vars(kind)["__dataclass_params__"].frozen and "__slots__" in vars(kind))
    ]


def test_every_module_and_public_name_says_what_it_is() -> None:
    silent = {label(path): _undocumented(path) for path in modules()}
    assert {path: names for path, names in silent.items() if names} == {}


def test_values_of_the_model_are_frozen_and_slotted() -> None:
    loose = {label(path): _loose_values(path) for path in modules("domain/model")}
    assert {path: names for path, names in loose.items() if names} == {}


def test_no_module_is_a_drawer_for_anything() -> None:
    drawers = {"utils", "helpers", "common", "misc"}
    assert [label(path) for path in modules() if drawers & set(path.with_suffix("").parts[len(ROOT.parts) :])] == []


def test_nothing_is_left_for_later() -> None:
    later = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b")
    assert [label(path) for path in modules() if later.search(path.read_text())] == []
