"""How an operator changes the tensors of the front: one rule per operator, None where the front ends in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import onnx_ir as ir

from inspector.model.const import constant_value
from inspector.model.preprocessing.front.values import Constant, Front
from inspector.operators.attributes import optional_integers
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

RULES: dict[str, Rule] = {}


def front_rule(*operators: str) -> Callable[[Rule], Rule]:
    """Register the rule of operators."""

    def register(rule: Rule) -> Rule:
        RULES.update(dict.fromkeys(operators, rule))
        return rule

    return register


def constant(node: ir.Node, index: int) -> Constant | None:
    """Return the value of an input that is always the same."""
    return constant_value(node.inputs[index]) if index < len(node.inputs) else None


def given_axes(node: ir.Node, index: int, rank: int, *, name: str = "axes") -> tuple[int, ...] | None:
    """Return axes that stand in the input `index`, or in an attribute, counted from the front; None where unknown."""
    if index < len(node.inputs) and node.inputs[index] is not None:
        found = constant(node, index)
        axes = None if found is None else tuple(int(axis) for axis in found.reshape(-1))
    else:
        axes = optional_integers(node, name)
    return None if axes is None else tuple(axis % rank for axis in axes)
