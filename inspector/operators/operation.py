"""A node as the float operation that it stands for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import onnx_ir as ir

from inspector.operators.domains import STANDARD, key_of
from inspector.operators.nodes import Attributes
from inspector.operators.twins import TWINS


@dataclass(frozen=True, kw_only=True, eq=False)
class Operation:
    """A view of a node: it reads the node's tensors and leaves no trace in their graph."""

    domain: str
    op_type: str
    inputs: Sequence[ir.Value | None]
    """Codes in place of the real values that they stand for, where the node computes on codes."""
    outputs: Sequence[ir.Value]
    attributes: Attributes
    places: Sequence[int]
    """Which inputs of the node the inputs are."""
    opset: int | None
    """Of the float operator, where it is not the model's."""


def as_float(node: ir.Node) -> Operation:
    """Return a node as it is, or, where it computes on codes, as the float operator between its operands."""
    twin, inputs = TWINS.get(key_of(node)), node.inputs
    if twin is None:
        return Operation(
            domain=node.domain,
            op_type=node.op_type,
            inputs=inputs,
            outputs=node.outputs,
            attributes=node.attributes,
            places=range(len(inputs)),
            opset=None,
        )
    places = twin.places(len(inputs))
    return Operation(
        domain=STANDARD,
        op_type=twin.float_operator,
        inputs=[inputs[place] if place < len(inputs) else None for place in places],
        outputs=node.outputs,
        attributes=node.attributes,
        places=places,
        opset=twin.opset_of(node),
    )
