"""Formulas as patterns: finds a function in a graph that has no operator for it, whatever nodes an exporter wrote.

A formula is a Python expression. `x` is the tensor that the function is applied to, a number is a constant of one
element, the names in CONSTANTS are constants with a property, + − * / ** > and so on are the ONNX operators of that
meaning, and a call names an operator: "x * Sigmoid(x)". Sums and products match in either order.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import permutations

import numpy as np
import onnx_ir as ir

from inspector.model.const import constant_value
from inspector.operators.attributes import optional_number
from inspector.types.arrays import Array

CONSTANTS: Mapping[str, Callable[[Array], bool]] = {
    "slope": lambda array: array.size > 0,
    "leak": lambda array: bool(np.all((array > 0) & (array < 1))),
    "cap": lambda array: bool(np.all(array > 0)),
}

_OPERATORS: Mapping[type[ast.AST], str] = {
    ast.Add: "Add", ast.Sub: "Sub", ast.Mult: "Mul", ast.Div: "Div", ast.Pow: "Pow", ast.USub: "Neg",
    ast.Gt: "Greater", ast.GtE: "GreaterOrEqual", ast.Lt: "Less", ast.LtE: "LessOrEqual",
}  # fmt: skip

_COMMUTATIVE = frozenset({"Add", "Sum", "Mul", "Max", "Min"})

_TOLERANCE = 1e-3
"""Relative: exporters round √2 and 1/6 to their taste."""


@dataclass(frozen=True)
class Application:
    """A node of a formula."""

    op_type: str
    operands: tuple[Form, ...]


Form = Application | str | float
"""A formula, parsed: an operation, "x" or the name of a kind of constant, or a number."""


@dataclass(frozen=True)
class Match:
    """Where a formula was found."""

    input: ir.Value | None = None
    nodes: frozenset[ir.Node] = frozenset()


@cache
def parse(formula: str) -> Form:
    """Read a formula; ValueError for what is none."""
    return _form(ast.parse(formula, mode="eval").body)


def _form(tree: ast.expr) -> Form:
    match tree:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name) if name == "x" or name in CONSTANTS:
            return name
        case ast.BinOp(left=left, op=operator, right=right):
            return Application(_OPERATORS[type(operator)], (_form(left), _form(right)))
        case ast.UnaryOp(op=ast.USub() as minus, operand=operand):
            return Application(_OPERATORS[type(minus)], (_form(operand),))
        case ast.Compare(left=left, ops=[operator], comparators=[right]):
            return Application(_OPERATORS[type(operator)], (_form(left), _form(right)))
        case ast.Call(func=ast.Name(id=op_type), args=args):
            return Application(op_type, tuple(_form(argument) for argument in args))
    raise ValueError(f"{ast.unparse(tree)!r} is no part of a formula.")


def find(formula: str, node: ir.Node) -> Match | None:
    """Return where the formula ends in `node`, or None; no node but the last may be read from outside."""
    form = parse(formula)
    if not isinstance(form, Application) or form.op_type != node.op_type or len(node.outputs) != 1:
        return None
    found = next(_match_node(form, node, Match()), None)
    return found if found is not None and _is_closed(found, node) else None


def _is_closed(found: Match, last: ir.Node) -> bool:
    inner = found.nodes - {last}
    return all(
        not value.is_graph_output() and all(user in found.nodes for user, _ in value.uses())
        for node in inner
        for value in node.outputs
    )


def _match(form: Form, operand: ir.Value | float | None, so_far: Match) -> Iterator[Match]:
    if isinstance(form, Application):
        node = operand.producer() if isinstance(operand, ir.Value) else None
        if node is not None:
            yield from _match_node(form, node, so_far)
    elif form == "x":
        is_same = so_far.input is operand
        if (
            isinstance(operand, ir.Value)
            and (is_same or so_far.input is None)
            and constant_value(operand) is None
        ):
            yield replace(so_far, input=operand)
    elif _fits(form, operand):
        yield so_far


def _match_node(form: Application, node: ir.Node, so_far: Match) -> Iterator[Match]:
    operands = _operands(node)
    if (node.domain, node.op_type) != ("", form.op_type) or len(operands) != len(form.operands):
        return
    so_far = replace(so_far, nodes=so_far.nodes | {node})
    orders = permutations(operands) if form.op_type in _COMMUTATIVE else [tuple(operands)]
    for order in orders:
        yield from _match_all(form.operands, order, so_far)


def _match_all(
    forms: Sequence[Form], operands: Sequence[ir.Value | float | None], so_far: Match
) -> Iterator[Match]:
    if not forms:
        yield so_far
        return
    for found in _match(forms[0], operands[0], so_far):
        yield from _match_all(forms[1:], operands[1:], found)


def _operands(node: ir.Node) -> list[ir.Value | float | None]:
    """Return a node's inputs; the bounds of a Clip were attributes until opset 11."""
    if node.op_type == "Clip" and len(node.inputs) == 1:
        bounds = [optional_number(node, name) for name in ("min", "max")]
        return [node.inputs[0], *bounds]
    return list(node.inputs)


def _fits(form: str | float, operand: ir.Value | float | None) -> bool:
    array = constant_value(operand) if isinstance(operand, ir.Value) else operand
    if array is None or np.asarray(array).dtype.kind not in "fiV":
        return False
    values = np.asarray(array).astype(np.float64)
    if isinstance(form, str):
        return CONSTANTS[form](values)
    return values.size == 1 and bool(np.isclose(values.item(), form, rtol=_TOLERANCE, atol=1e-12))
