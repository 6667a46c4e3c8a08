"""The part of a graph behind a tensor: the tensor becomes an input, and so does whatever else reaches that part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir
from onnx_ir.passes.common import RemoveUnusedNodesPass

from inspector.errors import InvalidInputError
from inspector.graph.expose import drop_unused_initializers, expose
from inspector.model.dependence import dependents, reads

_BEFORE = "/before"
"""Suffix of what a tensor was called, whose name an input has taken."""


@dataclass(frozen=True, kw_only=True)
class Suffix:
    """A model that begins in the middle of another."""

    model: ir.Model
    crossing: tuple[str, ...]
    """What it is fed beside the tensor, as the whole model computes it; the image may be among it."""
    given: tuple[str, ...]
    """Which of the tensors that were asked for it gives: the others do not depend on the tensor."""


def write_suffix(
    model: ir.Model, *, tensor: str, tensors: Sequence[str], image: str, dtypes: Mapping[str, str]
) -> Suffix:
    """Write what is computed of `tensors` from `tensor` on; `dtypes` names types that the graph does not state.

    The tensor need not be all that its readers' results depend on: skip connections and branches that pass it by are
    inputs too, so that whoever changes the tensor changes nothing else. What only looks at its shape comes from the
    whole model. InvalidInputError where what passes it by is no tensor.
    """
    copy = expose(model, tensors=tensors)
    graph = copy.graph
    behind = dependents(graph, tensor)
    made = {value for node in behind for value in node.outputs}
    outputs = [value for value in graph.outputs if value in made]
    graph.outputs.clear()
    graph.outputs.extend(outputs)
    RemoveUnusedNodesPass()(copy)
    kept = set(behind)
    left = [node for node in graph if node in kept]
    crossing = _crossing(graph, left, made, image=image)
    for value in crossing:
        if value.name != image:
            _feed(graph, value, dtypes)
    RemoveUnusedNodesPass()(copy)
    drop_unused_initializers(graph)
    fed = [value for value in graph.inputs if value.name not in graph.initializers]
    for value in fed:
        if not value.uses():
            graph.inputs.remove(value)
    return Suffix(
        model=copy,
        crossing=tuple(value.name for value in fed if value.uses() and value.name and value.name != tensor),
        given=tuple(value.name for value in outputs if value.name),
    )


def _crossing(
    graph: ir.Graph, nodes: Sequence[ir.Node], made: set[ir.Value], *, image: str
) -> list[ir.Value]:
    """Return what nodes read that other nodes compute of the image, or of its size."""
    of_image = {value for value in graph.inputs if value.name == image}
    for node in graph:
        if any(value in of_image for value in reads(node)):
            of_image.update(node.outputs)
    read = dict.fromkeys(value for node in nodes for value in reads(node) if value is not None)
    return [value for value in read if value in of_image and value not in made]


def _feed(graph: ir.Graph, value: ir.Value, dtypes: Mapping[str, str]) -> None:
    """Make an input of a tensor, for all who read it."""
    name = value.name or ""
    known = dtypes.get(name)
    dtype = value.dtype or (ir.DataType.from_numpy(np.dtype(known)) if known else None)
    if dtype is None or isinstance(value.type, ir.SequenceType | ir.OptionalType):
        raise InvalidInputError(
            f"The model cannot go on from this layer: {name!r}, which passes it by, is no tensor of a known type. "
            "Name another layer.",
            field="layer",
        )
    value.name = name + _BEFORE
    taken = ir.Value(name=name, type=ir.TensorType(dtype))
    for use in list(value.uses()):
        use.node.replace_input_with(use.idx, taken)
    graph.inputs.append(taken)
