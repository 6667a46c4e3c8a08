"""What a rule may ask beside its node."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import onnx_ir as ir

from inspector.model.const import constant_value
from inspector.model.receptive.field import Field
from inspector.model.spec import Shape


@dataclass(frozen=True, kw_only=True)
class Context:
    """The model's shapes for one image, and its opset."""

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


Rule = Callable[[ir.Node, list[Field | None], int, Context], Field | None]
"""Takes the node, the fields of its inputs (None: does not depend on the image), and the index of the output.

Returns that output's field, or None where the rule cannot follow: then the output sees all that the inputs
see.
"""


def integers(node: ir.Node, attribute: str, *, position: int | None = None) -> list[int] | None:
    """Return a list of integers from an attribute or a constant input; None where it is missing or not constant."""
    if position is not None and position < len(node.inputs) and node.inputs[position] is not None:
        array = constant_value(node.inputs[position])
        return None if array is None else [int(item) for item in array.reshape(-1)]
    found = node.attributes.get(attribute)
    if found is None or found.is_ref():
        return None
    return [found.as_int()] if found.type == ir.AttributeType.INT else list(found.as_ints())


def integer(node: ir.Node, attribute: str, default: int) -> int:
    """Return an integer attribute."""
    value = node.attributes.get_int(attribute, default)
    return default if value is None else value


def text(node: ir.Node, attribute: str, default: str) -> str:
    """Return a string attribute."""
    value = node.attributes.get_string(attribute, default)
    return default if value is None else value


def positive(axes: Sequence[int], rank: int) -> list[int]:
    """Return axes counted from the front."""
    return [axis % rank for axis in axes] if rank else []
