"""What a receptive-field rule is, what it may ask beside its node, and the tables of all rules and of all reasons."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import onnx_ir as ir

from inspector.model.const import constant_value
from inspector.model.receptive.field import Field
from inspector.operators.attributes import optional_integers
from inspector.operators.domains import MICROSOFT, STANDARD, Key
from inspector.operators.operation import Operation
from inspector.registry import Registry
from inspector.types.layers import Shape

FIRST_SPATIAL = 2
"""The first axis after batch and channels."""


@dataclass(frozen=True, kw_only=True)
class Context:
    """The model's shapes for one image, and the opset of the operator."""

    shapes: Mapping[str, Shape]
    opset: int

    def shape(self, value: ir.Value | None) -> Shape | None:
        """Return the inferred shape, or None."""
        return self.shapes.get(value.name or "") if value is not None else None

    def rank(self, value: ir.Value | None) -> int | None:
        """Return the number of axes, or None."""
        shape = self.shape(value)
        return None if shape is None else len(shape)

    def size(self, value: ir.Value | None, axis: int) -> int | None:
        """Return the size of one axis where it is a known number."""
        shape = self.shape(value)
        if shape is None or not -len(shape) <= axis < len(shape):
            return None
        size = shape[axis]
        return size if isinstance(size, int) else None


Rule = Callable[[Operation, list[Field | None], int, Context], Field | None]
"""Takes the operation, the fields of its inputs (None: does not depend on the image), and the index of the output.

Returns that output's field, or None where the rule cannot follow: then the output sees all that the inputs see.
"""

_PACKAGE = "inspector.model.receptive.rules"

FIELD_RULES: Registry[Key, Rule] = Registry("receptive-field rule", package=_PACKAGE)
"""By domain and operator. An operator on codes has the rule of its float twin."""

NO_FIELD: Registry[Key, str] = Registry("operator without a receptive-field rule", package=_PACKAGE)
"""Operators whose outputs see all that their inputs see, with the reason."""


def field_rule(*op_types: str, domain: str = STANDARD) -> Callable[[Rule], Rule]:
    """Register a rule for operators."""

    def register(function: Rule) -> Rule:
        for op_type in op_types:
            FIELD_RULES.add((domain, op_type), function)
        return function

    return register


def find_field_rule(operation: Operation) -> Rule | None:
    """Return the rule of an operation, or None; ONNX Runtime's operators have those of their standard namesakes.

    A model-local function may bear any name, so its domain decides whether a rule is about it.
    """
    found = FIELD_RULES.get((operation.domain, operation.op_type))
    if found is None and operation.domain == MICROSOFT:
        return FIELD_RULES.get((STANDARD, operation.op_type))
    return found


def constants(operation: Operation, name: str, *, position: int | None = None) -> list[int] | None:
    """Return integers from a constant input or else an attribute; None where there are none or they are computed."""
    if position is not None and has_input(operation, position):
        array = constant_value(operation.inputs[position])
        return None if array is None else [int(item) for item in array.reshape(-1)]
    found = optional_integers(operation, name)
    return None if found is None else list(found)


def has_input(operation: Operation, position: int) -> bool:
    """Return whether the operation has an input at a position."""
    return position < len(operation.inputs) and operation.inputs[position] is not None


def only_first(inputs: Sequence[Field | None]) -> Field | None:
    """Return the first input's field; None where another depends on the image too."""
    return inputs[0] if inputs and all(other is None for other in inputs[1:]) else None


def positive(axes: Sequence[int], rank: int) -> list[int]:
    """Return axes counted from the front."""
    return [axis % rank for axis in axes] if rank else []
