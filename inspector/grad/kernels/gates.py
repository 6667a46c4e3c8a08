"""How the way back through gates of channels stands in a backward graph, and the kernels that take it in two passes.

Of y = x · gate(mean of x), with a SiLU that made x (squeeze and excitation, Hu et al. 2018): the gates' gradients are
sums of gy · x over each map; x gets gy · gate, and of what comes back to its mean the same share everywhere.
"""

from __future__ import annotations

from collections.abc import Collection

import onnx_ir as ir

from inspector.grad.kernels.domain import KernelWriter, is_kernel
from inspector.grad.kernels.reading import array_of, both_ways, made_by
from inspector.operators.attributes import integer, number

_FIRST = 2
"""The first axis of maps."""


def replace_gates(graph: ir.Graph, writer: KernelWriter, *, spread: Collection[str]) -> None:
    """Let ChannelSums and GatedSiluGrad compute what passes gates; `spread` has what is added to all of a map."""
    for node in list(graph):
        _replace_sums(node, writer)
        _replace_slope(node, writer, spread)


def _replace_sums(node: ir.Node, writer: KernelWriter) -> None:
    if node.domain or node.op_type != "ReduceSum" or len(node.inputs) != 2 or node.inputs[0] is None:
        return
    product, axes = made_by(node.inputs[0], "Mul"), array_of(node.inputs[1])
    if product is None or axes is None or not integer(node, "keepdims", 1) or not _is_read_once(product):
        return
    for x, gy in both_ways(product, "Mul"):
        rank = _rank_of_saved(x)
        if rank > _FIRST and {int(axis) % rank for axis in axes.reshape(-1)} == set(range(_FIRST, rank)):
            writer.replace(node.outputs[0], "ChannelSums", gy, x)
            return


def _replace_slope(node: ir.Node, writer: KernelWriter, spread: Collection[str]) -> None:
    if not is_kernel(node, "SiluGrad") or node.inputs[0] is None or node.inputs[1] is None:
        return
    total, x = made_by(node.inputs[0], "Add"), node.inputs[1]
    if total is None or not _is_read_once(total):
        return
    for share, gated in both_ways(total, "Add"):
        product = made_by(gated, "Mul")
        if share.name not in spread or product is None or not _is_read_once(product):
            continue
        for gate, gy in both_ways(product, "Mul"):
            if _is_of_channels(gate):
                alpha = number(node, "alpha")
                writer.replace(node.outputs[0], "GatedSiluGrad", gy, x, gate, share, alpha=alpha)
                return


def _is_read_once(node: ir.Node) -> bool:
    """Return whether one node reads what a node gives, but for those that were replaced and give it to nobody."""
    readers = {use.node for use in node.outputs[0].uses()}
    return sum(any(_is_asked_for(value) for value in reader.outputs) for reader in readers) == 1


def _is_asked_for(value: ir.Value) -> bool:
    return bool(value.uses()) or value.is_graph_output()


def _rank_of_saved(value: ir.Value) -> int:
    """Return the number of axes of what is fed; 0 of what the graph computes."""
    is_fed = value.producer() is None and value.dtype == ir.DataType.FLOAT and value.shape is not None
    return value.shape.rank() if is_fed and value.shape is not None else 0


def _is_of_channels(value: ir.Value) -> bool:
    """Return whether what is fed is one number for each channel."""
    if _rank_of_saved(value) <= _FIRST or value.shape is None:
        return False
    return all(size == 1 for size in value.shape.dims[_FIRST:])
