"""Walks the graph from the image on and gives every tensor that depends on the image its field."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import replace

import numpy as np
import onnx_ir as ir

from inspector.model.dependence import reads, reads_values
from inspector.model.receptive.field import BATCH, CHANNEL, COLUMN, ROW, SPATIAL, UNKNOWN, Field, seeing_all
from inspector.model.receptive.rule import Context, find_field_rule
from inspector.model.receptive.track import Track
from inspector.operators.families import BROADCASTING, RANGE_MEASURERS, UNARY
from inspector.operators.operation import as_float
from inspector.types.layers import Shape
from inspector.types.results.model_info import ImageInput

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
    guessed: set[str] = set()
    for node in graph:
        if not reads_values(node):
            continue
        inputs = [fields.get(value.name or "") if value is not None else None for value in node.inputs]
        known = [fields[value.name] for value in reads(node) if value is not None and value.name in fields]
        if not known:
            continue
        for index, value in enumerate(node.outputs):
            if not value.name or (node.op_type in RANGE_MEASURERS and index > 0):
                continue
            is_guess = _reads_guess(node, guessed)
            field = None if is_guess else _by_rule(node, inputs, index, context)
            axes = context.rank(value)
            if axes is None and field is None:
                guessed.add(value.name)
            if field is None or (axes is not None and len(field.roles) != axes):
                field = seeing_all(known, [UNKNOWN] * (len(known[0].roles) if axes is None else axes))
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


def _reads_guess(node: ir.Node, guessed: Container[str]) -> bool:
    """Return whether a node's rule would count the axes of a tensor whose rank nobody knows."""
    if node.op_type in UNARY | BROADCASTING:
        return False
    return any(value is not None and value.name in guessed for value in node.inputs)


def _by_rule(node: ir.Node, inputs: list[Field | None], index: int, context: Context) -> Field | None:
    """Ask the rule of the float operation that a node stands for; None where there is none, or it cannot follow."""
    operation = as_float(node)
    rule = find_field_rule(operation)
    aside = [field for place, field in enumerate(inputs) if place not in operation.places]
    if rule is None or any(field is not None for field in aside):
        return None
    if operation.opset is not None:
        context = replace(context, opset=operation.opset)
    operands = [inputs[place] if place < len(inputs) else None for place in operation.places]
    return rule(operation, operands, index, context)


def _fitted(field: Field, shape: Shape | None) -> Field:
    """Give a track as many units as its axis has: one unit is repeated, and a mismatch widens all of them."""
    if shape is None:
        return field
    for axis, role in enumerate(field.roles):
        if role not in SPATIAL:
            continue
        track, size = field.track(role), shape[axis]
        if isinstance(size, int) and track.units is not None and track.units != size:
            field = field.with_track(role, track.collapse().pick(np.zeros(size, np.int64)))
    return field
