"""How a node reads maps along the axes of space; only of operators that compute the same of a part as of the whole.

The way is not written down here a second time: each operator's receptive-field rule is asked, with the node's input as
the image. What is decided here is which operators may be given a part of a map at all, which they are if what they
compute for a place depends on what they read, and not on where the place is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import onnx_ir as ir

from inspector.graph.incremental.known import Known
from inspector.graph.incremental.operators import Question, judge_of
from inspector.graph.incremental.ways import Way, Ways
from inspector.model.const import constant_value
from inspector.model.receptive.field import BATCH, Field
from inspector.model.receptive.rule import Context
from inspector.model.receptive.trace import followed
from inspector.model.receptive.track import Track
from inspector.operators.attributes import flag
from inspector.operators.domains import STANDARD, key_of
from inspector.operators.operation import Operation, as_float
from inspector.operators.twins import TWINS

LOWEST = "lowest"
"""A fill: the least value of the type, which no maximum takes."""

Fill = float | str | None
"""What stands beyond a map: a number, LOWEST, or None where nothing is read there."""


_IMAGES = Track.of_image(3)
"""Of a batch, as it is followed through a node to see that its images stay apart."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How the first output of a node is computed from maps."""

    node: ir.Node
    operation: Operation
    inputs: tuple[ir.Value, ...]
    """The maps that it reads, each once."""
    ways: Ways
    fill: Fill = None


def reading_of(node: ir.Node, known: Known) -> Reading | None:
    """Return how a node reads maps; None where it reads anything else, or may need more than a part."""
    operation = as_float(node)
    maps = tuple(
        dict.fromkeys(value for value in operation.inputs if value is not None and known.depends(value))
    )
    if not maps or not all(known.is_map(value) for value in maps) or not known.is_map(node.outputs[0]):
        return None
    if any(known.depends(value) for value in node.inputs if value not in maps):
        return None
    others = [value for value in node.inputs if value is not None and value not in maps]
    if any(constant_value(value) is None for value in others) or _has_other_outputs(node):
        return None
    if len({tuple(sorted(known.extent(value).items())) for value in maps}) > 1:
        return None
    judge = judge_of(node, operation)
    if judge is None or not judge(Question(node=node, operation=operation, maps=maps, known=known)):
        return None
    ways = _ways(node, maps, known)
    if ways is None:
        return None
    found = Reading(node=node, operation=operation, inputs=maps, ways=ways)
    return _filled(found, known)


def _has_other_outputs(node: ir.Node) -> bool:
    return any(value.uses() or value.is_graph_output() for value in node.outputs[1:])


def _ways(node: ir.Node, maps: tuple[ir.Value, ...], known: Known) -> Ways | None:
    """Ask the receptive-field rule which indices of its inputs each index of the output reads."""
    fields = [_as_image(known, value) if value in maps else None for value in node.inputs]
    context = Context(shapes=known.shapes, opset=known.opset)
    field = followed(node, fields, 0, context)
    made = known.field(node.outputs[0])
    if field is None or field.roles != made.roles or set(field.space) != set(made.space):
        return None
    if not np.array_equal(field.batch.windows, _IMAGES.windows):  # type: ignore[arg-type]
        return None  # it computes across images, which no others than variants of one are
    ways: Ways = {}
    for role, size in known.extent(node.outputs[0]).items():
        track = field.track(role)
        formula = track.affine
        if formula is None or track.units != size:
            return None
        numbers = (formula.stride, formula.first, formula.last)
        if any(number.denominator != 1 for number in numbers) or formula.stride < 1:
            return None
        ways[role] = Way(stride=int(formula.stride), first=int(formula.first), last=int(formula.last))
    return ways


def _as_image(known: Known, value: ir.Value) -> Field:
    """Return the field of a map as if it were the image."""
    own = known.field(value)
    tracks = {role: Track.of_image(size) for role, size in known.extent(value).items()}
    return Field(roles=own.roles, tracks={BATCH: _IMAGES, **tracks})


# --- what stands beyond a map


def _filled(found: Reading, known: Known) -> Reading | None:
    """Add what is read beyond the map; None where that is no one value."""
    sizes, places = known.extent(found.inputs[0]), known.extent(found.node.outputs[0])
    if not any(
        way.reads_beyond(outputs=places[role], inputs=sizes[role]) for role, way in found.ways.items()
    ):
        return found
    fill = _fill_of(found)
    return None if fill is None else replace(found, fill=fill)


def _fill_of(found: Reading) -> Fill:
    node, operation = found.node, found.operation
    if operation.op_type == "Conv":
        return 0.0 if key_of(node) not in TWINS else _zero_point(node)
    if operation.op_type == "MaxPool":
        return LOWEST
    if key_of(node) == (STANDARD, "AveragePool"):
        # The mean of what is there alone divides by another number at the edge; so does what a ceiling adds.
        return 0.0 if flag(node, "count_include_pad") and not flag(node, "ceil_mode") else None
    if key_of(node) == (STANDARD, "Pad"):
        value = (
            constant_value(node.inputs[2]) if len(node.inputs) > 2 and node.inputs[2] is not None else None
        )
        return 0.0 if value is None else float(value.reshape(-1)[0])
    return None


def _zero_point(node: ir.Node) -> Fill:
    """Return the code of 0 of what a convolution on codes reads."""
    twin = TWINS.get(key_of(node))
    place = None if twin is None else twin.operands_of(node)[0].zero_point
    value = node.inputs[place] if place is not None and place < len(node.inputs) else None
    if value is None:
        return 0.0
    array = constant_value(value)
    return float(array.reshape(-1)[0]) if array is not None and array.size == 1 else None
