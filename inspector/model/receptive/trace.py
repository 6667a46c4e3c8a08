"""Walks the graph from the image on and gives every tensor that depends on the image its field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
import onnx_ir as ir

from inspector.model.checks.limits import Limits
from inspector.model.contradictions import CONTRADICTIONS
from inspector.model.dependence import reads, reads_values
from inspector.model.receptive.field import BATCH, UNKNOWN, Field, seeing_all
from inspector.model.receptive.places import Places, require_followable
from inspector.model.receptive.rule import Context, find_field_rule
from inspector.model.receptive.track import Track
from inspector.operators.families import RANGE_MEASURERS
from inspector.operators.operation import as_float
from inspector.types.layers import Shape
from inspector.types.layouts import space_of
from inspector.types.results.model_info import ImageInput


def trace_fields(
    graph: ir.Graph, image_input: ImageInput, shapes: Mapping[str, Shape], *, opset: int, limits: Limits
) -> dict[str, Field]:
    """Return the field of every tensor that depends on the image's values; `shapes` are for a batch of any size.

    An operator without a rule is taken to mix everything: its outputs see the whole window of its inputs.
    The range that dynamic quantization measures over the whole tensor is not followed, because then every
    unit would see every pixel. LimitExceededError where the maps have too many places to follow.
    """
    require_followable(sum(size for size in image_input.space if isinstance(size, int)), limits=limits)
    start = image_field(image_input, images=_images(image_input, shapes))
    return fields_after(graph, image_input.name, start, shapes, opset=opset, limits=limits)


def trace_batch(
    graph: ir.Graph, image_input: ImageInput, shapes: Mapping[str, Shape], *, opset: int, limits: Limits
) -> dict[str, Field]:
    """Return the fields with the track of the batch alone, which is quick: pixels are not followed."""
    start = _batch_field(image_input, images=_images(image_input, shapes))
    return fields_after(graph, image_input.name, start, shapes, opset=opset, limits=limits)


def _images(image_input: ImageInput, shapes: Mapping[str, Shape]) -> int | None:
    count = shapes.get(image_input.name, (None,))[:1] if image_input.batch_axis == 0 else (1,)
    return count[0] if count and isinstance(count[0], int) else None


def fields_after(
    graph: ir.Graph, image: str, start: Field, shapes: Mapping[str, Shape], *, opset: int, limits: Limits
) -> dict[str, Field]:
    """Return the field of every tensor that depends on `image`, whose own is `start`: an image, or maps read as one.

    LimitExceededError where these are too many places.
    """
    fields: dict[str, Field] = {}
    for _ in walk_fields(graph, image, start, shapes, opset=opset, limits=limits, fields=fields):
        pass
    return fields


def image_field(image_input: ImageInput, *, images: int | None) -> Field:
    """Return the field of a batch of images, by their layout."""
    batch = _batch_field(image_input, images=images)
    space = zip(space_of(image_input.layout), image_input.space, strict=True)
    tracks = {letter: Track.of_image(size if isinstance(size, int) else None) for letter, size in space}
    return replace(batch, tracks={**batch.tracks, **tracks})


def _batch_field(image_input: ImageInput, *, images: int | None) -> Field:
    """Return the field of a batch of images with the track of the batch alone."""
    rank, layout = len(image_input.shape), image_input.layout
    roles = tuple(layout) if rank == len(layout) else (BATCH, *(UNKNOWN,) * (rank - 1))
    return Field(roles=roles[:rank], tracks={BATCH: Track.of_image(images)})


def walk_fields(
    graph: ir.Graph,
    image: str,
    start: Field,
    shapes: Mapping[str, Shape],
    *,
    opset: int,
    limits: Limits,
    fields: dict[str, Field],
) -> Iterator[ir.Node]:
    """Fill `fields` from the image on, and yield each node that depends on it before its outputs are followed.

    LimitExceededError where these are too many places.
    """
    fields[image] = start
    places = Places(shapes, limits=limits)
    context = Context(shapes=shapes, opset=opset)
    for node in graph:
        if not reads_values(node):
            continue
        inputs = [fields.get(value.name or "") if value is not None else None for value in node.inputs]
        known = [fields[value.name] for value in reads(node) if value is not None and value.name in fields]
        if not known:
            continue
        yield node
        places.foresee(node, known)
        for index, value in enumerate(node.outputs):
            if not value.name or (node.op_type in RANGE_MEASURERS and index > 0):
                continue
            field = _field(node, inputs, known, index, context)
            fields[value.name] = _fitted(field, shapes.get(value.name))
            places.count(node, known, fields[value.name])


def one_image_shapes(shapes: Mapping[str, Shape], fields: Mapping[str, Field]) -> dict[str, Shape]:
    """Return the shapes for one image: an axis that holds images has each image's share."""
    result = dict(shapes)
    for name, field in fields.items():
        shape, images = shapes.get(name, ()), field.batch.extent
        if images is None or images == 1 or BATCH not in field.roles or len(shape) != len(field.roles):
            continue
        axis = field.roles.index(BATCH)
        size = shape[axis]
        if isinstance(size, int) and size % images == 0:
            result[name] = (*shape[:axis], size // images, *shape[axis + 1 :])
    return result


def _field(
    node: ir.Node, inputs: list[Field | None], known: list[Field], index: int, context: Context
) -> Field:
    rank = context.rank(node.outputs[index])
    field = followed(node, inputs, index, context)
    if field is not None and rank in (None, len(field.roles)):
        return field
    if rank is None:
        return replace(seeing_all(known, []), is_ranked=False)
    return seeing_all(known, [UNKNOWN] * rank)


def followed(node: ir.Node, inputs: list[Field | None], index: int, context: Context) -> Field | None:
    """Ask the rule of the float operation that a node stands for; None where there is none, or it cannot follow."""
    operation = as_float(node)
    rule = find_field_rule(operation)
    aside = [field for place, field in enumerate(inputs) if place not in operation.places]
    if rule is None or any(field is not None for field in aside):
        return None
    if operation.opset is not None:
        context = replace(context, opset=operation.opset)
    operands = [inputs[place] if place < len(inputs) else None for place in operation.places]
    if any(field is not None and not field.is_ranked for field in operands):
        return None
    try:
        return rule(operation, operands, index, context)
    except CONTRADICTIONS:
        return None


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
