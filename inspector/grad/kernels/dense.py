"""How gradients of first layers stand in a backward graph, and the kernel that computes them where it is the faster.

They are transposed convolutions to few channels (inspector.grad.writing.convolution).
"""

from __future__ import annotations

import onnx_ir as ir

from inspector.grad.kernels.domain import KernelWriter
from inspector.grad.ways.convolution import pays_in_registers
from inspector.operators.attributes import integer, integers, text

_AXES = 4
"""Of the maps (N, C, H, W) that the kernel takes."""
_MOST_SIDE = 16
"""Rows and columns of the filters that it takes, and its strides."""


def replace_dense(graph: ir.Graph, writer: KernelWriter) -> None:
    """Let DenseConvTranspose compute the gradients of convolutions of few channels."""
    for node in list(graph):
        sizes = _filter_sizes(node)
        if sizes is None:
            continue
        _, channels, *kernel = sizes
        strides, pads = integers(node, "strides", (1, 1)), integers(node, "pads", (0,) * 4)
        begins, lost = pads[:2], integers(node, "output_padding", (0, 0))
        if (
            min(pads) < 0
            or any(pad >= side for pad, side in zip(begins, kernel, strict=True))
            or max(*kernel, *strides) > _MOST_SIDE
            or not pays_in_registers(channels=channels, kernel=tuple(kernel), strides=strides)
        ):
            continue
        writer.replace(
            node.outputs[0],
            "DenseConvTranspose",
            *(value for value in node.inputs if value is not None),
            strides=list(strides),
            begins=list(begins),
            ends=[end - size for end, size in zip(pads[2:], lost, strict=True)],
        )


def _filter_sizes(node: ir.Node) -> tuple[int, ...] | None:
    """Return the sizes (M, C, *kernel) of the filters of a plain transposed convolution of maps; else None."""
    if (
        node.domain
        or node.op_type != "ConvTranspose"
        or len(node.inputs) != 2
        or text(node, "auto_pad", "NOTSET") != "NOTSET"
        or "output_shape" in node.attributes
        or integer(node, "group", 1) != 1
        or set(integers(node, "dilations", (1, 1))) != {1}
    ):
        return None
    filters = node.inputs[1]
    sizes = () if filters is None or filters.shape is None else filters.shape.dims
    known = tuple(size for size in sizes if isinstance(size, int))
    return known if len(known) == len(sizes) == _AXES else None
