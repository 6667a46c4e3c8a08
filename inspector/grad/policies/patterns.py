"""Formulas as patterns: finds a function in a graph that has no operator for it, whatever nodes an exporter wrote.

A formula is a Python expression. `x` is the tensor that the function is applied to, a number is a tensor whose elements
are all that number, the names in CONSTANTS are constants with a property, `absent` is an input left out, + − * / ** >
and so on are the ONNX operators of that meaning, and a call names an operator: "x * Sigmoid(x)". Sums and products
match in either order, and every part in all of its spellings (inspector.grad.policies.spellings).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice, permutations

import numpy as np
import onnx_ir as ir

from inspector.grad.policies.formulas import ABSENT, Application, Form, parse
from inspector.grad.policies.spellings import ARITHMETIC, SPELLINGS, spellings
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

_MOST_WAYS = 8
"""In which one part of a formula is found in one place: exporters write one, or the same one twice."""

_MOST_IDENTITIES = 32
"""In a row."""

_UNBOUNDED = 3e38
"""From here on a bound is none: exporters write the largest float32."""


@dataclass(frozen=True)
class Match:
    """Where a formula was found."""

    input: ir.Value | None = None
    nodes: frozenset[ir.Node] = frozenset()
    deviation: float = 0.0
    """The largest relative difference of a constant from the formula's number; infinite where a name stands there."""


class Finder:
    """Finds formulas in one graph; what part of a formula was found where is kept, so that each is looked for once."""

    def __init__(self) -> None:
        self._known: dict[tuple[Application, ir.Node], tuple[Match, ...]] = {}
        self._uniform: dict[ir.Value, float | None] = {}

    def find(self, formula: str, node: ir.Node) -> Match | None:
        """Return where the formula ends in `node`, or None; no node but the last may be read from outside."""
        form = parse(formula)
        if not isinstance(form, Application) or len(node.outputs) != 1:
            return None
        found = next(iter(self._at(form, node)), None)
        return found if found is not None and _is_closed(found, node) else None

    def _at(self, form: Application, node: ir.Node) -> tuple[Match, ...]:
        """Return all ways in which a formula ends in a node, as far as they are few."""
        if not is_standard(node) or node.op_type not in _last_operators(form):
            return ()
        key = form, node
        if key not in self._known:
            self._known[key] = ()  # of a node that leads to itself
            ways = dict.fromkeys(
                replace(found, nodes=found.nodes | {node}) for found in self._matches(form, node)
            )
            self._known[key] = tuple(islice(ways, _MOST_WAYS))
        return self._known[key]

    def _matches(self, form: Application, node: ir.Node) -> Iterator[Match]:
        for spelling in spellings(form):
            if node.op_type != spelling.op_type and node.op_type not in _SAME.get(spelling.op_type, ()):
                continue
            operands = _operands(node)
            if len(operands) != len(spelling.operands):
                continue
            orders = permutations(operands) if node.op_type in _COMMUTATIVE else [tuple(operands)]
            for order in orders:
                yield from self._all(spelling.operands, order)

    def _all(self, forms: Sequence[Form], operands: Sequence[ir.Value | float | None]) -> Iterator[Match]:
        """Yield the ways in which every form is its operand, all of them of one x."""
        if not forms:
            yield Match()
            return
        for first in self._of(forms[0], operands[0]):
            for rest in self._all(forms[1:], operands[1:]):
                if first.input is None or rest.input is None or first.input is rest.input:
                    deviation = max(first.deviation, rest.deviation)
                    yield Match(first.input or rest.input, first.nodes | rest.nodes, deviation)

    def _of(self, form: Form, operand: ir.Value | float | None) -> Iterator[Match]:
        if isinstance(form, Application):
            value, passed = _behind_identities(operand)
            node = value.producer() if value is not None else None
            if node is not None:
                for found in self._at(form, node):
                    yield replace(found, nodes=found.nodes | passed)
        elif form == "x":
            value, _ = _behind_identities(operand)
            if value is not None and self._number(value) is None:
                yield Match(value)
        else:
            number = self._number(operand) if isinstance(operand, ir.Value) else operand
            if _fits(form, operand, number):
                yield Match(deviation=_deviation(form, number))

    def _number(self, value: ir.Value) -> float | None:
        if value not in self._uniform:
            self._uniform[value] = uniform_of(value)
        return self._uniform[value]


def last_operators(formula: str) -> frozenset[str]:
    """Return the operators in which a formula may end."""
    form = parse(formula)
    return _last_operators(form) if isinstance(form, Application) else frozenset()


@cache
def literal_operators(form: Form) -> frozenset[str]:
    """Return the operators that stand in every spelling of a formula: those for which exporters write no others."""
    if not isinstance(form, Application):
        return frozenset()
    inner = frozenset[str]().union(*map(literal_operators, form.operands))
    return inner if form.op_type in SPELLINGS or form.op_type in ARITHMETIC else inner | {form.op_type}


@cache
def _last_operators(form: Application) -> frozenset[str]:
    """Return the operators in which the spellings of a formula end."""
    return frozenset().union(*(_SAME.get(one.op_type, {one.op_type}) for one in spellings(form)))


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


def _behind_identities(operand: ir.Value | float | None) -> tuple[ir.Value | None, frozenset[ir.Node]]:
    """Return the value that an operand is, and the nodes that hand it on."""
    passed = frozenset[ir.Node]()
    value = operand if isinstance(operand, ir.Value) else None
    while value is not None and len(passed) < _MOST_IDENTITIES and (node := value.producer()) is not None:
        if node.op_type not in IDENTITIES or not is_standard(node) or node in passed:
            break
        passed |= {node}
        value = node.inputs[0]
    return value, passed


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


def _fits(form: str | float, operand: ir.Value | float | None, number: float | None) -> bool:
    """Return whether an operand, which is `number` throughout where it is one, is a constant or number of a formula."""
    if form == ABSENT:
        return operand is None or (number is not None and abs(number) >= _UNBOUNDED)
    if isinstance(form, str):
        array = constant_value(operand) if isinstance(operand, ir.Value) else None
        if array is None:
            return number is not None and CONSTANTS[form](np.asarray(number))
        return array.dtype.kind in "fiV" and CONSTANTS[form](np.asarray(array).astype(np.float64))
    return number is not None and bool(np.isclose(number, form, rtol=_TOLERANCE, atol=1e-12))


def _deviation(form: str | float, number: float | None) -> float:
    """Return how far a number that fits is from that of a formula; of two zeros not at all."""
    if form == ABSENT:
        return 0.0
    if isinstance(form, str) or number is None:
        return math.inf
    return abs(number - form) / abs(form) if form else abs(number)
