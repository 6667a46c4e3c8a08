"""Walks the graph from the image on and gives every tensor that depends on the image its field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
import onnx_ir as ir

from inspector.model.dependence import reads, reads_values
from inspector.model.receptive.field import BATCH, UNKNOWN, Field, seeing_all
from inspector.model.receptive.rule import Context, find_field_rule
from inspector.model.receptive.track import Track
from inspector.operators.families import RANGE_MEASURERS
from inspector.operators.operation import as_float
from inspector.types.layers import Shape
from inspector.types.layouts import space_of
from inspector.types.results.model_info import ImageInput


def trace_fields(
    graph: ir.Graph, image_input: ImageInput, shapes: Mapping[str, Shape], *, opset: int
) -> dict[str, Field]:
    """Return the field of every tensor that depends on the image's values.

    An operator without a rule is taken to mix everything: its outputs see the whole window of its inputs.
    The range that dynamic quantization measures over the whole tensor is not followed, because then every
    unit would see every pixel.
    """
    fields: dict[str, Field] = {}
    start = image_field(image_input)
    for _ in walk_fields(graph, image_input.name, start, shapes, opset=opset, fields=fields):
        pass
    return fields


def image_field(image_input: ImageInput) -> Field:
    """Return the field of the image itself, by its layout."""
    rank, layout = len(image_input.shape), image_input.layout
    roles = tuple(layout) if rank == len(layout) else (BATCH, *(UNKNOWN,) * (rank - 1))
    space = zip(space_of(layout), image_input.space, strict=True)
    return Field(
        roles=roles[:rank],
        tracks={letter: Track.of_image(size if isinstance(size, int) else None) for letter, size in space},
    )


def walk_fields(
    graph: ir.Graph,
    image: str,
    start: Field,
    shapes: Mapping[str, Shape],
    *,
    opset: int,
    fields: dict[str, Field],
) -> Iterator[ir.Node]:
    """Fill `fields` from the image on, and yield each node that depends on it before its outputs are followed.

    What a tensor is made of whose number of axes is not known is not followed either.
    """
    fields[image] = start
    context = Context(shapes=shapes, opset=opset)
    rankless: set[str] = set()
    for node in graph:
        if not reads_values(node):
            continue
        inputs = [fields.get(value.name or "") if value is not None else None for value in node.inputs]
        known = [fields[value.name] for value in reads(node) if value is not None and value.name in fields]
        if not known:
            continue
        yield node
        for index, value in enumerate(node.outputs):
            if not value.name or (node.op_type in RANGE_MEASURERS and index > 0):
                continue
            is_followed = not any(read is not None and read.name in rankless for read in node.inputs)
            field = _by_rule(node, inputs, index, context) if is_followed else None
            rank = context.rank(value)
            if field is None and rank is None:
                rankless.add(value.name)
            fields[value.name] = _fitted(_ranked(field, known, rank), shapes.get(value.name))


def one_image_shapes(
    shapes: Mapping[str, Shape], fields: Mapping[str, Field], batch: int | None
) -> dict[str, Shape]:
    """Return the shapes with the fixed batch dimension of the image's tensors set to 1."""
    result = dict(shapes)
    for name, field in fields.items():
        shape = shapes.get(name, ())
        if shape and field.roles[:1] == (BATCH,) and shape[0] == batch:
            result[name] = (1, *shape[1:])
    return result


def _ranked(field: Field | None, known: list[Field], rank: int | None) -> Field:
    """Return a rule's field; where it could not follow, or has another rank, that of what sees all of the inputs."""
    if field is None or (rank is not None and len(field.roles) != rank):
        return seeing_all(known, [UNKNOWN] * (len(known[0].roles) if rank is None else rank))
    return field


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
        if role not in field.tracks:
            continue
        track, size = field.track(role), shape[axis]
        if isinstance(size, int) and track.units is not None and track.units != size:
            field = field.with_track(role, track.collapse().pick(np.zeros(size, np.int64)))
    return field
