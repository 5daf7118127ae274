"""The error tree in words equals the error tree in code, and nobody grows a second one."""

import ast
import builtins
import re
from pathlib import Path

from trading_pipeline.domain.model import errors
from trading_pipeline.domain.model.errors import TradingError
from trading_pipeline_tests.architecture.source_tree import PACKAGE, label, modules, tree

ERRORS = PACKAGE / "domain" / "model" / "errors.py"
_FOREIGN = {name for name, kind in vars(builtins).items() if isinstance(kind, type) and issubclass(kind, BaseException)}


def _tree_in_words(docstring: str) -> dict[str, str]:
    """Error name to the name of the error it is indented under."""
    parents: dict[int, str] = {0: ""}
    described = {}
    for indent, name in re.findall(r"^( *)``(\w+)``", docstring, re.MULTILINE):
        described[name] = parents[len(indent)]
        parents[len(indent) + 4] = name
    return described


def _tree_in_code(error: type[TradingError], parent: str = "") -> dict[str, str]:
    below: dict[str, str] = {}
    for kind in error.__subclasses__():
        if kind.__module__ == errors.__name__:
            below |= _tree_in_code(kind, error.__name__)
    return {error.__name__: parent, **below}


def test_the_documented_error_tree_is_the_class_tree() -> None:
    assert _tree_in_words(errors.__doc__ or "") == _tree_in_code(TradingError)


def _foreign_errors(path: Path) -> list[str]:
    return [
        node.name
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ClassDef)
        and not node.name.startswith("_")
        and _FOREIGN & {ast.unparse(base) for base in node.bases}
    ]


def test_every_public_error_belongs_to_the_one_tree() -> None:
    # the simulator's rejections are answers of a venue, not errors of this project
    ours = [path for path in modules() if path != ERRORS and "exchange_simulator" not in path.parts]
    foreign = {label(path): _foreign_errors(path) for path in ours}
    assert {path: names for path, names in foreign.items() if names} == {}
