"""Shapes of a model whose image size is free, once the size is known."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import onnx

from inspector.graph.pack import pack
from inspector.model.shapes.infer import infer_shapes
from inspector.model.spec import OnnxModel, Shape


def activation_bytes(model: OnnxModel, shapes: Mapping[str, Shape]) -> tuple[int, bool]:
    """Return how many bytes one image's activations take in float32, and whether that is all of them.

    Sizes that are not numbers are left out.
    """
    activations = [shape for name, shape in shapes.items() if name not in model.ir.graph.initializers]
    sizes = [[size for size in shape if isinstance(size, int)] for shape in activations]
    is_all = all(len(numbers) == len(shape) for numbers, shape in zip(sizes, activations, strict=True))
    return 4 * sum(map(math.prod, sizes)), is_all


def shapes_at(model: OnnxModel, image: Sequence[int]) -> Mapping[str, Shape]:
    """Return the shapes of all tensors for one image of the given shape (without the batch axis)."""
    if all(isinstance(size, int) for size in model.input.shape[1:]):
        return model.shapes
    proto = onnx.ModelProto.FromString(pack(model.ir).graph)
    declared = next(info for info in proto.graph.input if info.name == model.input.name)
    for dim, size in zip(declared.type.tensor_type.shape.dim[1:], image, strict=True):
        dim.dim_value = size
    shapes, _ = infer_shapes(proto, model.input.name, limits=model.limits)
    return shapes
