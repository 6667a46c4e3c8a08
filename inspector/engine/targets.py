"""From a target to what it means on one image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from inspector.engine.engine import Engine
from inspector.errors import InvalidInputError, NotFoundError
from inspector.layers import Layer
from inspector.targets import Class, ResolvedTarget, Target, Unit

Array = np.ndarray[Any, np.dtype[Any]]


def fixed(resolved: ResolvedTarget) -> Target:
    """Return the target that asks for what was chosen, whatever the image."""
    if resolved.layer is None:
        return Class(resolved.channel)
    return Unit(resolved.layer, resolved.channel, resolved.position)


def source_of(engine: Engine, target: Target) -> str:
    """Return the name of the tensor that a target lives in."""
    return engine.head.scores if isinstance(target, Class) else engine.model.layer(target.layer).output


def resolve(engine: Engine, target: Target, activation: Array, *, image: int) -> tuple[ResolvedTarget, int]:
    """Choose the unit within one image's activation (the tensor without its batch axis).

    Returns what was chosen and its flat index. NotFoundError where a class, channel or position is out of range.
    """
    if isinstance(target, Class):
        return _resolve_class(engine, target, activation, image)
    return _resolve_unit(engine.model.layer(target.layer), target, activation, image)


def _resolve_class(
    engine: Engine, target: Class, activation: Array, image: int
) -> tuple[ResolvedTarget, int]:
    scores = activation.reshape(-1)
    index = int(np.argmax(scores)) if target.index is None else target.index
    if not 0 <= index < scores.size:
        raise NotFoundError(
            f"There is no class {index}: the model has {scores.size}, from 0 to {scores.size - 1}.",
            reason="CLASS_NOT_FOUND",
            field="target.class.index",
        )
    labels = engine.model.labels
    resolved = ResolvedTarget(
        kind="class",
        tensor=engine.head.scores,
        layer=None,
        channel=index,
        position=(),
        value=float(scores[index]),
        label=labels[index] if labels and index < len(labels) else None,
        image=image,
    )
    return resolved, index


def _resolve_unit(layer: Layer, target: Unit, activation: Array, image: int) -> tuple[ResolvedTarget, int]:
    axis = channel_axis(layer, activation.ndim)
    maps = np.moveaxis(activation, axis, 0)
    channel = target.channel
    if channel is None:
        channel = int(np.argmax(maps.reshape(len(maps), -1).max(axis=1)))
    _check_channel(layer, channel, len(maps))
    plane = maps[channel]
    if target.position is None:
        position = tuple(int(i) for i in np.unravel_index(int(np.argmax(plane)), plane.shape))
    else:
        position = tuple(target.position)
        _check_position(layer, position, plane.shape)
    index = list(position)
    index.insert(axis, channel)
    resolved = ResolvedTarget(
        kind="unit",
        tensor=layer.output,
        layer=layer.name,
        channel=channel,
        position=position,
        value=float(plane[position]),
        label=None,
        image=image,
    )
    return resolved, int(np.ravel_multi_index(index, activation.shape))


def channel_axis(layer: Layer, rank: int) -> int:
    """Return the axis of channels within one image's activation (the batch axis not counted)."""
    if rank == 0:
        raise InvalidInputError(f"Layer {layer.name!r} gives one number per image, and has no units.")
    if layer.channel_axis is None or layer.channel_axis == 0:
        return 0
    return layer.channel_axis - 1


def _check_channel(layer: Layer, channel: int, channels: int) -> None:
    if not 0 <= channel < channels:
        raise NotFoundError(
            f"Layer {layer.name!r} has no channel {channel}: it has {channels}, from 0 to {channels - 1}.",
            reason="CHANNEL_NOT_FOUND",
            field="target.unit.channel",
        )


def _check_position(layer: Layer, position: Sequence[int], shape: tuple[int, ...]) -> None:
    if len(position) != len(shape) or not all(0 <= p < size for p, size in zip(position, shape, strict=True)):
        raise NotFoundError(
            f"Layer {layer.name!r} has no position {tuple(position)}: its maps have the shape {shape}.",
            reason="POSITION_NOT_FOUND",
            field="target.unit.position",
        )
