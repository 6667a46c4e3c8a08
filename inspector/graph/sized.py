"""Shapes of a model whose image size is free, once the size is known."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import onnx

from inspector.errors import InvalidModelError
from inspector.model.shapes.infer import infer_shapes
from inspector.model.spec import OnnxModel
from inspector.types.layers import Shape


def tensor_bytes(model: OnnxModel, shapes: Mapping[str, Shape]) -> dict[str, int]:
    """Return the bytes of one image's activations in float32, by tensor; sizes that are not numbers are left out."""
    return {
        name: 4 * math.prod(size for size in shape if isinstance(size, int))
        for name, shape in shapes.items()
        if name not in model.ir.graph.initializers
    }


def peak_bytes(model: OnnxModel, sizes: Mapping[str, int]) -> int:
    """Return the most bytes of activations that are needed at a time, of those whose sizes are known.

    Each from the node that computes it to the last one that reads it, in graph order.
    """
    graph = model.ir.graph
    last = {
        value.name: place for place, node in enumerate(graph) for value in node.inputs if value is not None
    }
    held = peak = sum(sizes.get(value.name or "", 0) for value in graph.inputs)
    for place, node in enumerate(graph):
        held += sum(sizes.get(value.name or "", 0) for value in node.outputs)
        peak = max(peak, held)
        read = {value.name for value in (*node.inputs, *node.outputs) if value is not None}
        held -= sum(sizes.get(name or "", 0) for name in read if last.get(name, place) == place)
    return peak


def outlined_at(model: OnnxModel, image: Sequence[int]) -> onnx.ModelProto:
    """Return the model's message without its large weights, for images of a shape (without the batch axis)."""
    proto = onnx.ModelProto.FromString(model.outline)
    declared = next(info for info in proto.graph.input if info.name == model.input.name)
    before = len(model.input.shape) - len(image)  # 1, or 0 where the input has no batch axis
    for dim, size in zip(declared.type.tensor_type.shape.dim[before:], image, strict=True):
        dim.dim_value = size
    return proto


def shapes_at(model: OnnxModel, image: Sequence[int]) -> Mapping[str, Shape]:
    """Return the shapes of all tensors for one image of the given shape (without the batch axis).

    Where the shapes contradict each other at that size, none is known: a run says what the model cannot take.
    """
    if model.input.is_sized:
        return model.shapes
    has_batch = len(model.input.shape) > len(image)
    try:
        shapes, _ = infer_shapes(
            outlined_at(model, image), model.input.name, limits=model.limits, has_batch=has_batch
        )
    except InvalidModelError:
        return {}
    return shapes
