"""What is read off a model's graph for images of one shape: once, and kept with its engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from inspector.engine.engine import Engine
from inspector.model.receptive.field import Field
from inspector.model.receptive.trace import trace_fields
from inspector.types.layers import Shape


def shapes_of(engine: Engine, image: tuple[int, ...]) -> Mapping[str, Shape]:
    """Return the shapes of all tensors for one image of the given shape (without the batch axis).

    Where the shapes contradict each other at that size, none is known: a run says what the model cannot take.
    """
    return engine.model.shapes if engine.model.input.is_sized else engine.plan(image).shapes


def fields_of(engine: Engine, image: tuple[int, ...]) -> Mapping[str, Field]:
    """Return what every tensor sees of images of the given shape.

    LimitExceededError where their maps have too many places to follow.
    """
    model = engine.model
    if model.input.is_sized:
        return model.fields
    before = len(model.input.shape) - len(image)  # 1, or 0 where the input has no batch axis
    sized = replace(model.input, shape=(*model.input.shape[:before], *image))
    shapes = shapes_of(engine, image)
    return engine.learned(
        ("fields", image),
        lambda: trace_fields(model.ir.graph, sized, shapes, opset=model.opset, limits=model.limits),
    )
