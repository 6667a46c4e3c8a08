"""A copy of a graph that gives the shapes of its tensors in place of its outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import onnx_ir as ir

from inspector.graph.expose import expose
from inspector.model.dependence import dependents, sized_by_values
from inspector.model.shapes.nodes import is_known
from inspector.operators.domains import MACHINE_LEARNING, is_standard
from inspector.operators.families import FORESEEN
from inspector.operators.operation import as_float
from inspector.types.layers import Shape

SHAPE = "/shape"
"""Suffix of the output that carries a tensor's shape, after the name of the tensor."""

_NO_TENSOR = ("Sequence", "SplitToSequence", "Optional", "ConcatFromSequence")
"""How the names of operators that handle sequences begin."""


def is_foreseen(model: ir.Model, image: str, shapes: Mapping[str, Shape]) -> bool:
    """Return whether the inferred shapes of all tensors that depend on the image can be believed, and are known."""
    return all(
        as_float(node).op_type in FORESEEN
        and is_standard(as_float(node))
        and all(is_known(shapes.get(value.name or "")) for value in node.outputs if value.uses())
        for node in dependents(model.graph, image)
    )


def measurable(model: ir.Model, image: str) -> tuple[str, ...]:
    """Return the tensors that depend on the image, but not in their shapes: any image of a size tells those."""
    excluded = sized_by_values(model.graph, image)
    return tuple(
        value.name
        for node in dependents(model.graph, image)
        if is_standard(node) or node.domain != MACHINE_LEARNING
        if not node.op_type.startswith(_NO_TENSOR)
        for value in node.outputs
        if value.name and value.name not in excluded
    )


def measuring(model: ir.Model, tensors: Sequence[str]) -> ir.Model:
    """Return a copy of a model whose outputs are the shapes of tensors: int64 vectors, named with `SHAPE`."""
    copy = expose(model, tensors=tensors)
    graph = copy.graph
    measured = list(graph.outputs)
    graph.outputs.clear()
    for value in measured:
        node = ir.node("Shape", [value])
        node.outputs[0].name = f"{value.name}{SHAPE}"
        node.outputs[0].dtype = ir.DataType.INT64
        graph.append(node)
        graph.outputs.append(node.outputs[0])
    return copy
