"""Which nodes are rectifiers: what exporters write where the paper has a ReLU.

An operator (Relu, HardSwish), or several nodes that compute one function (x · Sigmoid(x)): then they count as one
rectifier from the function's input to its output.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

import onnx_ir as ir

from inspector.grad.policies.formulas import parse
from inspector.grad.policies.patterns import Finder, last_operators, literal_operators
from inspector.grad.policies.saturation import cuts_off_negatives, lower_bound
from inspector.operators.domains import is_standard
from inspector.operators.families import RECTIFIERS


@dataclass(frozen=True)
class Rectifier:
    """One rectifier of a graph."""

    name: str
    input: ir.Value
    last: ir.Node
    """The node whose output is the rectifier's."""
    nodes: frozenset[ir.Node]
    deviation: float = 0.0
    """How far its constants are from those of the function by that name, relative; infinite where it has its own."""


def rectifies(node: ir.Node) -> bool:
    """Return whether a node is a rectifier by itself: an operator of that family, or by saturation."""
    if is_standard(node) and node.op_type in RECTIFIERS:
        return node.op_type != "Clip" or clips_at_zero(node)
    return cuts_off_negatives(node)


def clips_at_zero(node: ir.Node) -> bool:
    """Return whether a Clip cuts off what is negative, as ReLU6 does: its lower bound is 0."""
    return lower_bound(node) == 0.0


_RELU6 = ("Clip({0}, 0, 6)", "Min(Relu({0}), 6)", "Relu(Min({0}, 6))")
_GATES = [gate.format("x + 3") for gate in _RELU6]
_UNIT_GATES = ("Clip(x / 6 + 0.5, 0, 1)", "Min(Relu(x / 6 + 0.5), 1)", "Relu(Min(x / 6 + 0.5, 1))")
_CUBES = ("0.044715 * x ** 3", "0.044715 * (x * x * x)", "0.044715 * x * x * x", "0.044715 * (x * x) * x")
_SQUARES = ("0.044715 * x * x", "0.044715 * (x * x)", "0.044715 * x ** 2")
_CURVES = (
    "Erf(x / 1.41421356)",
    *(f"Tanh((x + {cube}) * 0.79788456)" for cube in _CUBES),
    *(f"Tanh(x * 0.79788456 * (1 + {square}))" for square in _SQUARES),
    *(f"Tanh(x * (1 + {square}) * 0.79788456)" for square in _SQUARES),
)

FORMS: Mapping[str, tuple[str, ...]] = {
    "Relu": ("Relu(x)",),
    "Relu6": ("Min(Relu(x), cap)", "Relu(Min(x, cap))", "Clip(Relu(x), 0, cap)", "Relu(x) - Relu(x - cap)"),
    "LeakyRelu": ("Max(x, leak * x)", "Where(x > 0, x, slope * x)"),
    "PRelu": (
        "Relu(x) + slope * Min(x, 0)", "Relu(x) - slope * Relu(-x)", "slope * x + slope * Abs(x)",
        "Relu(x) + slope * (x - Abs(x)) * 0.5",
    ),
    "Elu": (
        "Where(x > 0, x, Exp(x) - 1)", "Where(x > 0, x, slope * (Exp(x) - 1))", "Relu(x) + Min(Exp(x) - 1, 0)",
        "Relu(x) + Min(slope * (Exp(x) - 1), 0)", "Relu(x) + (Exp(Min(x, 0)) - 1)",
        "Relu(x) + slope * (Exp(Min(x, 0)) - 1)",
    ),
    "Softplus": ("Softplus(x)",),
    "Swish": ("x * Sigmoid(x)", "x * Sigmoid(slope * x)", "x / (1 + Exp(-x))"),
    "HardSwish": (
        "x * HardSigmoid(x)", *(f"x * {gate}" for gate in _UNIT_GATES),
        *(form for gate in _GATES for form in (f"x * {gate} / 6", f"x * ({gate} / 6)", f"x / 6 * {gate}")),
    ),
    "Gelu": tuple(
        form for curve in _CURVES
        for form in (f"x * (1 + {curve}) / 2", f"x * ((1 + {curve}) / 2)", f"x / 2 * (1 + {curve})")
    ),
    "Mish": ("x * Tanh(Softplus(x))",),
}  # fmt: skip
"""By the name of the function: the formulas by which exporters write it (inspector.grad.policies.patterns)."""


def find_rectifiers(graph: ir.Graph) -> dict[ir.Node, Rectifier]:
    """Return the rectifiers of a graph by their last node, in graph order; of two that overlap, the larger one."""
    order = {node: place for place, node in enumerate(graph)}
    found: dict[ir.Node, Rectifier] = {}
    taken: set[ir.Node] = set()
    for rectifier in sorted(_candidates(graph), key=lambda rectifier: -len(rectifier.nodes)):
        if not taken & rectifier.nodes:
            taken |= rectifier.nodes
            found[rectifier.last] = rectifier
    return dict(sorted(found.items(), key=lambda item: order[item[0]]))


def _candidates(graph: ir.Graph) -> Iterator[Rectifier]:
    finder, present = Finder(), {node.op_type for node in graph}
    wanted = {
        last: [(name, formula) for name, formula in several if literal_operators(parse(formula)) <= present]
        for last, several in _by_last().items()
        if last in present
    }
    for node in graph:
        if rectifies(node) and node.inputs[0] is not None:
            yield Rectifier(node.op_type, node.inputs[0], node, frozenset({node}))
        for name, formula in wanted.get(node.op_type, ()):
            match = finder.find(formula, node)
            if match is not None and match.input is not None:
                yield Rectifier(name, match.input, node, match.nodes, match.deviation)


@cache
def _by_last() -> dict[str, list[tuple[str, str]]]:
    """Return the (names, formulas) by the operator that may be their last: most nodes of a model end none."""
    found: dict[str, list[tuple[str, str]]] = {}
    for name, formulas in FORMS.items():
        for formula in formulas:
            for op_type in last_operators(formula):
                found.setdefault(op_type, []).append((name, formula))
    return found
