"""Marks: where a tensor lies between two bounds, a byte for each element. Written by the kernels' own operator.

Most of what a backward pass keeps of a forward pass is read for nothing but that (docs/decisions/0069-kernels.md).
"""

from __future__ import annotations

from dataclasses import dataclass

import onnx_ir as ir

from inspector.operators.domains import KERNELS, KERNELS_VERSION


@dataclass(frozen=True, kw_only=True)
class Mark:
    """Of a float32 tensor of the exported graph: 1 where low < x < high, else 0, as uint8 of its shape."""

    tensor: str
    low: float
    high: float

    @property
    def name(self) -> str:
        """What the output of a forward graph, and the input of a backward one, is called."""
        return f"{self.tensor}/within {self.low!r} and {self.high!r}"


def write_mark(model: ir.Model, value: ir.Value, mark: Mark) -> ir.Value:
    """Write a mark of a value into its model, and return it."""
    node = ir.node("Inside", [value], {"low": mark.low, "high": mark.high}, domain=KERNELS)
    made = node.outputs[0]
    made.name, made.dtype, made.shape = mark.name, ir.DataType.UINT8, value.shape
    model.graph.append(node)
    model.graph.opset_imports[KERNELS] = KERNELS_VERSION
    return made
