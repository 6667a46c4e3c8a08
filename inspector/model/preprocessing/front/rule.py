"""How an operator changes the tensors of the front: one rule per operator, None where the front ends in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from inspector.model.const import constant_value
from inspector.model.preprocessing.front.values import Constant, Front
from inspector.operators.attributes import optional_integers
from inspector.operators.domains import is_standard
from inspector.registry import Registry
from inspector.types.layers import Shape


@dataclass(frozen=True)
class Facts:
    """What is known of the graph beside its nodes."""

    shapes: Mapping[str, Shape]
    """By tensor, for one image."""

    def shape(self, value: ir.Value | None) -> Shape | None:
        """Return a tensor's shape where it is known."""
        return None if value is None or value.name is None else self.shapes.get(value.name)


Fronts = Sequence[Front | None]
"""Per input of a node: what it holds, where that is the image's."""
Rule = Callable[[ir.Node, Fronts, Facts], "tuple[Front, ...] | None"]

RULES: Registry[str, Rule] = Registry("rule of the front", package="inspector.model.preprocessing.front")
"""By operator."""


def front_rule(*operators: str) -> Callable[[Rule], Rule]:
    """Register the rule of operators."""

    def register(rule: Rule) -> Rule:
        for operator in operators:
            RULES.add(operator, rule)
        return rule

    return register


_COMPUTED: Mapping[str, Callable[..., Constant]] = {
    "Add": np.add,
    "Div": np.divide,
    "Max": np.maximum,
    "Mul": np.multiply,
    "Neg": np.negative,
    "Reciprocal": np.reciprocal,
    "Sqrt": np.sqrt,
    "Sub": np.subtract,
}
"""What exporters leave to be computed of constants, such as a deviation of a variance."""
MAX_DEPTH = 8


def constant(node: ir.Node, index: int) -> Constant | None:
    """Return the value of an input that is always the same."""
    return _constant(node.inputs[index], MAX_DEPTH) if index < len(node.inputs) else None


def _constant(value: ir.Value | None, depth: int) -> Constant | None:
    found = constant_value(value)
    node = None if value is None else value.producer()
    if found is not None or node is None or depth == 0 or not is_standard(node):
        return found
    compute, count = _COMPUTED.get(node.op_type), len(node.inputs)
    if compute is None or count > 2 or (count == 1 and node.op_type == "Max"):
        return None
    parts = [_constant(one, depth - 1) for one in node.inputs]
    if any(part is None for part in parts):
        return None
    with np.errstate(all="ignore"):
        computed: Constant = compute(*parts)
    return computed


def given_axes(node: ir.Node, index: int, rank: int, *, name: str = "axes") -> tuple[int, ...] | None:
    """Return axes that stand in the input `index`, or in an attribute, counted from the front; None where unknown."""
    if index < len(node.inputs) and node.inputs[index] is not None:
        found = constant(node, index)
        axes = None if found is None else tuple(int(axis) for axis in found.reshape(-1))
    else:
        axes = optional_integers(node, name)
    return None if axes is None else tuple(axis % rank for axis in axes)
