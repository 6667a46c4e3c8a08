"""Formulas as patterns: finds a function in a graph that has no operator for it, whatever nodes an exporter wrote.

A formula is a Python expression. `x` is the tensor that the function is applied to, a number is a tensor whose elements
are all that number, the names in CONSTANTS are constants with a property, `absent` is an input left out, + − * / ** >
and so on are the ONNX operators of that meaning, and a call names an operator: "x * Sigmoid(x)". Sums and products
match in either order, and every part in all of its spellings (inspector.grad.policies.spellings).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import permutations

import numpy as np
import onnx_ir as ir

from inspector.grad.policies.formulas import ABSENT, Application, Form, parse
from inspector.grad.policies.spellings import spellings
from inspector.model.const import constant_value
from inspector.model.uniform import uniform_of
from inspector.operators.attributes import optional_number
from inspector.operators.domains import is_standard
from inspector.operators.families import IDENTITIES, VALUE_FREE
from inspector.types.arrays import Array

CONSTANTS: Mapping[str, Callable[[Array], bool]] = {
    "slope": lambda array: array.size > 0,
    "leak": lambda array: bool(np.all((array > 0) & (array < 1))),
    "cap": lambda array: bool(np.all(array > 0)),
}

_COMMUTATIVE = frozenset({"Add", "Sum", "Mul", "Max", "Min"})

_SAME: Mapping[str, frozenset[str]] = {"Add": frozenset({"Add", "Sum"})}
"""Operators that do the same with two operands."""

_TOLERANCE = 1e-3
"""Relative: exporters round √2 and 1/6 to their taste."""

_UNBOUNDED = 3e38
"""From here on a bound is none: exporters write the largest float32."""


@dataclass(frozen=True)
class Match:
    """Where a formula was found."""

    input: ir.Value | None = None
    nodes: frozenset[ir.Node] = frozenset()


def find(formula: str, node: ir.Node) -> Match | None:
    """Return where the formula ends in `node`, or None; no node but the last may be read from outside."""
    form = parse(formula)
    if not isinstance(form, Application) or len(node.outputs) != 1:
        return None
    found = next(_match_node(form, node, Match()), None)
    return found if found is not None and _is_closed(found, node) else None


def _is_closed(found: Match, last: ir.Node) -> bool:
    inner = found.nodes - {last}
    return all(
        not value.is_graph_output()
        and all(user in found.nodes or _is_blind(user) for user, _ in value.uses())
        for node in inner
        for value in node.outputs
    )


def _is_blind(node: ir.Node) -> bool:
    """Return whether a node gives the same for whatever values it reads: a shape, or zeros like them."""
    return node.op_type in VALUE_FREE or all(uniform_of(value) is not None for value in node.outputs)


def _match(form: Form, operand: ir.Value | float | None, so_far: Match) -> Iterator[Match]:
    if isinstance(form, Application):
        value, passed = _behind_identities(operand)
        node = value.producer() if value is not None else None
        if node is not None:
            yield from _match_node(form, node, replace(so_far, nodes=so_far.nodes | passed))
    elif form == "x":
        value, _ = _behind_identities(operand)
        is_same = so_far.input is value
        if value is not None and (is_same or (so_far.input is None and uniform_of(value) is None)):
            yield replace(so_far, input=value)
    elif _fits(form, operand):
        yield so_far


def _behind_identities(operand: ir.Value | float | None) -> tuple[ir.Value | None, frozenset[ir.Node]]:
    """Return the value that an operand is, and the nodes that hand it on."""
    passed: set[ir.Node] = set()
    value = operand if isinstance(operand, ir.Value) else None
    while value is not None and (node := value.producer()) is not None:
        if not is_standard(node) or node.op_type not in IDENTITIES or node in passed:
            break
        passed.add(node)
        value = node.inputs[0]
    return value, frozenset(passed)


def _match_node(form: Application, node: ir.Node, so_far: Match) -> Iterator[Match]:
    if not is_standard(node):
        return
    so_far = replace(so_far, nodes=so_far.nodes | {node})
    for spelling in spellings(form):
        if node.op_type not in _SAME.get(spelling.op_type, {spelling.op_type}):
            continue
        operands = _operands(node)
        if len(operands) != len(spelling.operands):
            continue
        orders = permutations(operands) if node.op_type in _COMMUTATIVE else [tuple(operands)]
        for order in orders:
            yield from _match_all(spelling.operands, order, so_far)


def _match_all(
    forms: Sequence[Form], operands: Sequence[ir.Value | float | None], so_far: Match
) -> Iterator[Match]:
    if not forms:
        yield so_far
        return
    for found in _match(forms[0], operands[0], so_far):
        yield from _match_all(forms[1:], operands[1:], found)


def _operands(node: ir.Node) -> list[ir.Value | float | None]:
    """Return a node's inputs; the bounds of a Clip, of which each may be left out, were attributes until opset 11."""
    given: list[ir.Value | float | None] = [*node.inputs]
    if node.op_type != "Clip":
        return given
    given = [*given, None, None][:3]
    bounds = [optional_number(node, name) for name in ("min", "max")]
    return [
        given[0],
        *(one if attribute is None else attribute for one, attribute in zip(given[1:], bounds, strict=True)),
    ]


def _fits(form: str | float, operand: ir.Value | float | None) -> bool:
    number = uniform_of(operand) if isinstance(operand, ir.Value) else operand
    if form == ABSENT:
        return operand is None or (number is not None and abs(number) >= _UNBOUNDED)
    if isinstance(form, str):
        array = constant_value(operand) if isinstance(operand, ir.Value) else None
        if array is None:
            return number is not None and CONSTANTS[form](np.asarray(number))
        return array.dtype.kind in "fiV" and CONSTANTS[form](np.asarray(array).astype(np.float64))
    return number is not None and bool(np.isclose(number, form, rtol=_TOLERANCE, atol=1e-12))
