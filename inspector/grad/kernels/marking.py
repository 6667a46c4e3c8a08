"""A backward graph that is fed marks instead of the tensors of which it only asks where they lie."""

from __future__ import annotations

import math
from dataclasses import replace

import onnx_ir as ir

from inspector.grad.backward import SEED, BackwardGraph, drop_unread_inputs
from inspector.grad.kernels.domain import KernelWriter, is_kernel
from inspector.graph.marks import Mark
from inspector.operators.attributes import number


def with_marks(graph: BackwardGraph) -> BackwardGraph:
    """Return a graph of the same output whose masks are fed as marks, or `graph` where it has none.

    The model of `graph` is changed into it. A tensor that something else reads as well is fed as it was.
    """
    inside = graph.model.graph
    writer, marks = KernelWriter(inside), dict[Mark, ir.Value]()
    for value in [value for value in inside.inputs if value.name != SEED]:
        readers = [(use.node, use.idx) for use in value.uses()]
        if value.dtype != ir.DataType.FLOAT or not all(_is_mask(node, place) for node, place in readers):
            continue
        for node, _ in readers:
            mark = _mark(node, value)
            if mark not in marks:
                marks[mark] = ir.val(mark.name, dtype=ir.DataType.UINT8, shape=value.shape)
                inside.inputs.append(marks[mark])
            gy, result = node.inputs[0], node.outputs[0]
            if gy is None:
                raise ValueError(f"{node.op_type} without a gradient.")
            writer.replace(result, "MaskGrad", gy, marks[mark], shape=result.shape)
            inside.remove(node, safe=True)
    if not marks:
        return graph
    drop_unread_inputs(inside)
    fed = {value.name for value in inside.inputs}
    return replace(graph, saved=tuple(name for name in graph.saved if name in fed), marks=tuple(marks))


def _is_mask(node: ir.Node, place: int) -> bool:
    """Return whether a node reads its input of that place for nothing but where it lies."""
    return place == 1 and (is_kernel(node, "ReluGrad") or is_kernel(node, "ClipGrad"))


def _mark(node: ir.Node, value: ir.Value) -> Mark:
    if value.name is None:
        raise ValueError("An input without a name.")
    low, high = (
        (number(node, "low"), number(node, "high")) if is_kernel(node, "ClipGrad") else (0.0, math.inf)
    )
    return Mark(tensor=value.name, low=low, high=high)
