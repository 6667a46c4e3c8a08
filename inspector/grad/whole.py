"""Smooth rectifiers that an exporter wrote as several nodes, differentiated as one function of their input.

The backward pass then asks the forward one for the input alone: what lies between is not kept, and where ONNX Runtime
has a fused kernel for the whole, it is used (docs/decisions/0068-ways-back.md).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from inspector.grad.accumulate import accumulate, total
from inspector.grad.policies.rectifiers import Rectifier
from inspector.grad.rule import Gradients, Rule
from inspector.grad.step import RuleOf, Step
from inspector.grad.writing.builder import Builder
from inspector.grad.writing.curves import CURVES, Curve, tanh_gelu

_ROUNDINGS = 2
"""Constants that differ from those of a function by so many roundings of the graph's float type are the same."""


def whole_step(b: Builder, rectifier: Rectifier, nodes: Sequence[ir.Node], rule_of: RuleOf) -> Step | None:
    """Return the derivative of a smooth rectifier as one step; None where its nodes are met one by one.

    `nodes` are the rectifier's, in graph order.
    """
    x, y = rectifier.input, rectifier.last.outputs[0]
    if len(nodes) < 2 or rectifier.name not in CURVES or not _is_alike(b, x, y):
        return None
    curve = _curve(rectifier, precision=_ROUNDINGS * float(np.finfo(b.numpy_dtype).eps))
    if curve is not None:
        return Step([x], lambda b, _node, gy: [curve(b, b.saved(x), gy)])
    if all(_can_be_copied(node) for node in nodes[:-1]):
        return Step([x], _anew(x, nodes, rule_of))
    return None


def _is_alike(b: Builder, x: ir.Value, y: ir.Value) -> bool:
    """Return whether both are of the graph's own float type and of one shape: what is half as wide was rounded."""
    shapes = b.known_shape(x), b.known_shape(y)
    return b.dtype_of(x) == b.dtype_of(y) == b.dtype and None not in shapes and shapes[0] == shapes[1]


def _curve(rectifier: Rectifier, *, precision: float) -> Curve | None:
    """Return the derivative in closed form, where all constants are those of the function."""
    operators = {node.op_type for node in rectifier.nodes}
    if rectifier.deviation > precision or "HardSigmoid" in operators:  # whose constants are attributes
        return None
    if rectifier.name == "Gelu" and "Erf" not in operators:
        return tanh_gelu
    return CURVES[rectifier.name]


def _can_be_copied(node: ir.Node) -> bool:
    """Return whether a node of any opset says the same in the backward graph's."""
    return len(node.outputs) == 1 and (not node.attributes or node.op_type == "HardSigmoid")


def _anew(x: ir.Value, nodes: Sequence[ir.Node], rule_of: RuleOf) -> Rule:
    """Return a rule that computes what lies between again, and takes the nodes' own derivatives there."""
    reached = {x, *(value for node in nodes for value in node.outputs)}

    def rule(b: Builder, node: ir.Node, gy: ir.Value) -> Gradients:
        for inner in nodes[:-1]:
            (written,) = b.copy(inner)
            b.lend(inner.outputs[0], written, shape=b.known_shape(inner.outputs[0]))
        arrived = {node.outputs[0]: [gy]}
        accumulate(
            b, nodes, arrived, reached=reached, step_for=lambda inner: Step(inner.inputs, rule_of(inner))
        )
        return [total(b, arrived.get(x))]

    return rule
