"""Walks the graph from the image on and gives every tensor that depends on the image its field."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx_ir as ir

from inspector.model.dependence import VALUE_FREE, reads
from inspector.model.receptive.field import BATCH, CHANNEL, COLUMN, ROW, UNKNOWN, Field
from inspector.model.receptive.rules import RULES, Context
from inspector.model.receptive.track import Track, union
from inspector.model.spec import ImageInput, Shape

RULED_DOMAINS = ("", "com.microsoft")
"""A model-local function may bear any name, so its domain decides whether a rule is about it."""

ROLES = {"NCHW": (BATCH, CHANNEL, ROW, COLUMN), "NHWC": (BATCH, ROW, COLUMN, CHANNEL)}


def trace_fields(
    graph: ir.Graph, image_input: ImageInput, shapes: Mapping[str, Shape], *, opset: int
) -> dict[str, Field]:
    """Return the field of every tensor that depends on the image's values.

    An operator without a rule is taken to mix everything: its outputs see the whole window of its inputs.
    The range that dynamic quantization measures over the whole tensor is not followed, because then every
    unit would see every pixel.
    """
    rank = len(image_input.shape)
    roles = ROLES.get(
        image_input.layout, (BATCH, CHANNEL) if rank == 2 else (BATCH, *(UNKNOWN,) * (rank - 1))
    )
    rows, columns = Track.of_image(image_input.height), Track.of_image(image_input.width)
    if image_input.layout not in ROLES:
        rows, columns = rows.collapse(), columns.collapse()
    fields = {image_input.name: Field(roles=roles[:rank], rows=rows, columns=columns)}
    context = Context(shapes=shapes, opset=opset)
    for node in graph:
        if node.op_type in VALUE_FREE and node.domain == "":
            continue
        inputs = [fields.get(value.name or "") if value is not None else None for value in node.inputs]
        known = [fields[value.name] for value in reads(node) if value is not None and value.name in fields]
        if not known:
            continue
        for index, value in enumerate(node.outputs):
            if not value.name or (node.op_type == "DynamicQuantizeLinear" and index > 0):
                continue
            field = _field(node, inputs, known, index, context)
            fields[value.name] = _fitted(field, shapes.get(value.name))
    return fields


def one_image_shapes(
    shapes: Mapping[str, Shape], fields: Mapping[str, Field], batch: int | None
) -> dict[str, Shape]:
    """Return the shapes with the fixed batch dimension of the image's tensors set to 1."""
    result = dict(shapes)
    for name, field in fields.items():
        shape = shapes.get(name, ())
        if shape and field.roles[0] == BATCH and shape[0] == batch:
            result[name] = (1, *shape[1:])
    return result


def _field(
    node: ir.Node, inputs: list[Field | None], known: list[Field], index: int, context: Context
) -> Field:
    rank = context.rank(node.outputs[index])
    rule = RULES.get(node.op_type) if node.domain in RULED_DOMAINS else None
    field = rule(node, inputs, index, context) if rule is not None else None
    if field is None or (rank is not None and len(field.roles) != rank):
        everything = known[0]
        for other in known[1:]:
            everything = Field(
                roles=everything.roles,
                rows=_both(everything.rows, other.rows),
                columns=_both(everything.columns, other.columns),
            )
        return everything.opaque(rank if rank is not None else len(everything.roles))
    return field


def _fitted(field: Field, shape: Shape | None) -> Field:
    """Give a track as many units as its axis has: one unit is repeated, and a mismatch widens all of them."""
    if shape is None:
        return field
    for axis, role in enumerate(field.roles):
        if role not in (ROW, COLUMN):
            continue
        track, size = field.track(role), shape[axis]
        if isinstance(size, int) and track.units is not None and track.units != size:
            field = field.with_track(role, track.collapse().pick(np.zeros(size, np.int64)))
    return field


def _both(one: Track, other: Track) -> Track:
    return union([one.collapse(), other.collapse()])
