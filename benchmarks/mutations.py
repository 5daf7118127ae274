"""One thing that is different in a module: where, what the line was and what it became."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, ClassVar

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Example, Operator
from cosmic_ray.plugins import get_operator
from parso import parse
from parso.python.tree import Name
from parso.tree import NodeOrLeaf

_FROM_THE_LIBRARY = (
    *("BinaryOperator_Add_Sub", "BinaryOperator_Sub_Add", "BinaryOperator_Mul_Div", "BinaryOperator_Div_Mul"),
    *("BinaryOperator_FloorDiv_Mul", "BinaryOperator_Mod_Mul", "BinaryOperator_Pow_Mul"),
    *("ComparisonOperator_Eq_NotEq", "ComparisonOperator_NotEq_Eq"),
    *("ComparisonOperator_Is_IsNot", "ComparisonOperator_IsNot_Is"),
    *("ComparisonOperator_Lt_LtE", "ComparisonOperator_Lt_GtE", "ComparisonOperator_LtE_Lt"),
    *("ComparisonOperator_LtE_Gt", "ComparisonOperator_Gt_GtE", "ComparisonOperator_Gt_LtE"),
    *("ComparisonOperator_GtE_Gt", "ComparisonOperator_GtE_Lt"),
    *("UnaryOperator_Delete_Not", "UnaryOperator_Delete_USub", "TrueWithFalse", "FalseWithTrue"),
    *("AndWithOr", "OrWithAnd", "BreakWithContinue", "ContinueWithBreak"),
)
"""Cosmic Ray's operators that replace something; of the forty for each sign those that a slip of the pen makes."""


class _Swap(Operator):
    """A word for its opposite."""

    opposite: ClassVar[Mapping[str, str]] = {}

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """None."""
        return ()


class SwapExtremes(_Swap):
    """``min`` for ``max`` and the other way round: a cap becomes what it caps."""

    opposite: ClassVar = {"min": "max", "max": "min"}

    def mutation_positions(self, node: NodeOrLeaf) -> Iterator[tuple[Any, Any]]:
        """Where one of them is called."""
        if node.type == "name" and node.value in self.opposite and node.parent.type in ("atom_expr", "power"):
            yield node.start_pos, node.end_pos

    def mutate(self, node: NodeOrLeaf, index: int) -> NodeOrLeaf:  # noqa: ARG002 - there is one place
        """The other name."""
        return Name(self.opposite[node.value], node.start_pos, node.prefix)


class SwapMembership(_Swap):
    """``in`` for ``not in`` and the other way round."""

    opposite: ClassVar = {"in": "not in", "not in": "in"}

    def mutation_positions(self, node: NodeOrLeaf) -> Iterator[tuple[Any, Any]]:
        """Comparisons that begin with one of them."""
        if node.type == "comparison" and node.children[1].get_code().strip() in self.opposite:
            yield node.children[1].start_pos, node.children[1].end_pos

    def mutate(self, node: NodeOrLeaf, index: int) -> NodeOrLeaf:  # noqa: ARG002 - there is one place
        """The other operator."""
        node.children[1] = parse(" " + self.opposite[node.children[1].get_code().strip()])
        return node


class NegateFilter(_Swap):
    """``if not`` for ``if`` in a comprehension."""

    def mutation_positions(self, node: NodeOrLeaf) -> Iterator[tuple[Any, Any]]:
        """Conditions of comprehensions."""
        if node.type == "comp_if":
            yield node.children[1].start_pos, node.children[1].end_pos

    def mutate(self, node: NodeOrLeaf, index: int) -> NodeOrLeaf:  # noqa: ARG002 - there is one place
        """The opposite condition."""
        node.children[1] = parse(f" not ({node.children[1].get_code().strip()})")
        return node


OPERATORS: tuple[Operator, ...] = (
    *(get_operator(f"core/Replace{name}")() for name in _FROM_THE_LIBRARY),
    *(get_operator(f"core/{name}")() for name in ("AddNot", "NumberReplacer", "ZeroIterationForLoop")),
    *(SwapExtremes(), SwapMembership(), NegateFilter()),
)


@dataclass(frozen=True)
class Mutant:
    """One difference.

    :param line: 1 is the first.
    :param code: the whole module with it.
    """

    file: str
    line: int
    was: str
    became: str
    code: str


def mutants_of(file: str, source: str) -> list[Mutant]:
    """Every mutant of a module that is not about types, messages or logs, from the first line to the last."""
    return sorted(_made(file, source), key=lambda mutant: mutant.line)


def _made(file: str, source: str) -> Iterator[Mutant]:
    skipped, lines = list(_skipped(ast.parse(source))), source.splitlines()
    for operator in OPERATORS:
        places = [at for node in ast_nodes(get_ast(source)) for at in operator.mutation_positions(node)]
        for occurrence, (start, _) in enumerate(places):
            code = mutate_code(source, operator, occurrence)
            if code is None or not _compiles(code) or any(begin <= start < end for begin, end in skipped):
                continue
            differing = ((old, new) for old, new in zip_longest(lines, code.splitlines(), fillvalue="") if old != new)
            for was, became in differing:
                yield Mutant(file, start[0], was.strip(), became.strip(), code)
                break


def _skipped(tree: ast.Module) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Where nothing that is done changes: annotations, texts, what is raised or logged, decorators, imports."""
    for node in ast.walk(tree):
        parts: list[Any] = []
        if isinstance(node, ast.JoinedStr | ast.Raise | ast.Import | ast.ImportFrom):
            parts = [node]
        elif isinstance(node, ast.AnnAssign | ast.arg):
            parts = [node.annotation]
        elif isinstance(node, ast.FunctionDef):
            parts = [node.returns, *node.decorator_list]
        elif isinstance(node, ast.ClassDef):
            parts = list(node.decorator_list)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).startswith(("log.", "_log.")):
            parts = [node]
        for part in filter(None, parts):
            yield (part.lineno, part.col_offset), (part.end_lineno, part.end_col_offset)


def _compiles(code: str) -> bool:
    try:
        compile(code, "mutant", "exec")
    except SyntaxError:
        return False
    return True
