"""Which nodes are rectifiers: what exporters write where the paper has a ReLU.

An operator (Relu, HardSwish), or several nodes that compute one function (x · Sigmoid(x)): then they count as one
rectifier from the function's input to its output.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import onnx_ir as ir

from inspector.grad.policies.patterns import find
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


def rectifies(node: ir.Node) -> bool:
    """Return whether a node is a rectifier by itself: an operator of that family, or by saturation."""
    if is_standard(node) and node.op_type in RECTIFIERS:
        return node.op_type != "Clip" or clips_at_zero(node)
    return cuts_off_negatives(node)


def clips_at_zero(node: ir.Node) -> bool:
    """Return whether a Clip cuts off what is negative, as ReLU6 does: its lower bound is 0."""
    return lower_bound(node) == 0.0


_RELU6 = ("Clip({0}, 0, 6)", "Min(Relu({0}), 6)", "Min(Max({0}, 0), 6)")
_GATES = [gate.format("x + 3") for gate in _RELU6]
_ERF = ("Erf(x / 1.41421356)", "Erf(x * 0.70710678)")
_CUBES = ("0.044715 * x ** 3", "0.044715 * (x * x * x)", "0.044715 * x * x * x", "0.044715 * (x * x) * x")
_TANH = [f"Tanh((x + {cube}) * 0.79788456)" for cube in _CUBES]
_HALVES = ("x * (1 + {0}) * 0.5", "x * ((1 + {0}) * 0.5)", "x * 0.5 * (1 + {0})",
           "x * (1 + {0}) / 2", "x * ((1 + {0}) / 2)", "x / 2 * (1 + {0})")  # fmt: skip

FORMS: Mapping[str, tuple[str, ...]] = {
    "Relu": (
        "Max(x, 0)", "x * Cast(x > 0)", "Where(x > 0, x, 0)", "Where(x >= 0, x, 0)", "Where(0 < x, x, 0)",
        "Where(x < 0, 0, x)", "Where(x <= 0, 0, x)",
    ),
    "Relu6": ("Min(Relu(x), cap)", "Min(Max(x, 0), cap)", "Max(Min(x, cap), 0)", "Clip(Relu(x), 0, cap)"),
    "LeakyRelu": (
        "Max(x, leak * x)", "Where(x > 0, x, slope * x)", "Where(x >= 0, x, slope * x)",
        "Where(x < 0, slope * x, x)", "Where(x <= 0, slope * x, x)",
    ),
    "PRelu": (
        "Relu(x) + slope * Relu(-x)", "Relu(x) - slope * Relu(-x)", "Relu(x) + slope * -Relu(-x)",
        "Relu(x) + slope * Min(x, 0)", "Max(x, 0) + slope * Min(x, 0)",
        "Relu(x) + slope * (x - Abs(x)) * 0.5", "Relu(x) + slope * ((x - Abs(x)) * 0.5)",
    ),
    "Elu": ("Where(x > 0, x, Exp(x) - 1)", "Where(x > 0, x, slope * (Exp(x) - 1))"),
    "Softplus": ("Log(1 + Exp(x))",),
    "Swish": ("x * Sigmoid(x)", "x * Sigmoid(slope * x)", "x / (1 + Exp(-x))"),
    "HardSwish": (
        "x * HardSigmoid(x)", "x * Clip(x / 6 + 0.5, 0, 1)", "x * Clip(x * 0.16666667 + 0.5, 0, 1)",
        *(form for gate in _GATES for form in (
            f"x * {gate} / 6", f"x * ({gate} / 6)", f"x / 6 * {gate}",
            f"x * {gate} * 0.16666667", f"x * ({gate} * 0.16666667)",
        )),
    ),
    "Gelu": tuple(half.format(inner) for inner in (*_ERF, *_TANH) for half in _HALVES),
    "Mish": ("x * Tanh(Softplus(x))", "x * Tanh(Log(1 + Exp(x)))"),
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
    for node in graph:
        if rectifies(node) and node.inputs[0] is not None:
            yield Rectifier(node.op_type, node.inputs[0], node, frozenset({node}))
        for name, formulas in FORMS.items():
            for formula in formulas:
                match = find(formula, node)
                if match is not None and match.input is not None:
                    yield Rectifier(name, match.input, node, match.nodes)
