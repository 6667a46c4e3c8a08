"""Bottlenecks: tensors that everything passes on its way from the image to some tensor."""

from __future__ import annotations

from dataclasses import dataclass

import onnx_ir as ir

from inspector.model.dependence import dependents, reads
from inspector.model.heads.ending import features_below


def bottlenecks(model: ir.Model, *, image: str, tensor: str) -> frozenset[str]:
    """Return the names of the tensors, other than the two ends, without which `tensor` would not depend on `image`.

    The nodes between are gone through in graph order: whatever is the only value that is still to be read, all pass.
    """
    nodes = _between(model.graph, image, tensor)
    last_read = {
        value.name: index for index, node in enumerate(nodes) for value in reads(node) if value is not None
    }
    still_read, found = {image}, set()
    for index, node in enumerate(nodes):
        still_read |= {
            value.name for value in node.outputs if last_read.get(value.name, -1) > index and value.name
        }
        still_read = {name for name in still_read if last_read.get(name, -1) > index}
        if len(still_read) == 1:
            found |= still_read
    return frozenset(found - {image, tensor})


@dataclass(frozen=True)
class Step:
    """One tensor that is computed on the way."""

    tensor: str
    op_type: str
    reads: tuple[str, ...]
    """What its node reads."""


def way(model: ir.Model, *, image: str, tensor: str) -> tuple[Step, ...]:
    """Return what is computed between the image and a tensor, the tensor included, in graph order."""
    return tuple(
        Step(
            value.name,
            node.op_type,
            tuple(one.name for one in reads(node) if one is not None and one.name),
        )
        for node in _between(model.graph, image, tensor)
        for value in node.outputs
        if value.name
    )


def _between(graph: ir.Graph, image: str, tensor: str) -> list[ir.Node]:
    """Return the nodes that depend on the image, and that the tensor depends on, in graph order."""
    needed, found = {tensor}, []
    for node in reversed(dependents(graph, image)):
        if any(value.name in needed for value in node.outputs):
            needed |= {value.name for value in reads(node) if value is not None and value.name}
            found.append(node)
    return found[::-1]


def features_before(model: ir.Model, tensor: str) -> str | None:
    """Return the name of what the last dense or convolutional layer before a tensor reads; None without one."""
    value = next((one for node in model.graph for one in node.outputs if one.name == tensor), None)
    found = features_below(value) if value is not None else None
    return None if found is None else found.name
