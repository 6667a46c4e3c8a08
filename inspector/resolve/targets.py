"""From a target to what it means on one image."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from inspector.engine.engine import Engine
from inspector.engine.run import Run
from inspector.errors import InvalidInputError, NotFoundError, nearest, within
from inspector.model.heads.head import BOXES
from inspector.resolve.boxes.choice import choose_box
from inspector.resolve.chosen import Chosen, chosen
from inspector.resolve.classes import resolve_class
from inspector.resolve.combinations import combined, moved_to, several_tensors, taken
from inspector.resolve.finite import is_choosable, no_choice
from inspector.resolve.regions import direction_weights, element_place, region_places
from inspector.resolve.values import resolve_value
from inspector.types.arrays import Array
from inspector.types.layers import Layer
from inspector.types.targets import KINDS, Class, Combination, Direction, Element, Region, Target, Unit

Aim = Target | Chosen
"""What is asked for, or what an image chose, to be asked of others."""


@dataclass(frozen=True, kw_only=True)
class _Owner:
    """What has a tensor: an output or a layer."""

    tensor: str
    output: str | None = None
    layer: str | None = None


def source_of(engine: Engine, target: Aim) -> str:
    """Return the name of the tensor that a target lives in."""
    with _within(target):
        return _source_of(engine, target)


def _source_of(engine: Engine, target: Aim) -> str:
    match target:
        case Chosen():
            return target.resolved.tensor
        case Class():
            return engine.head_of(target.output).scores
        case Unit():
            return engine.model.layer(target.layer).output
        case Combination():
            return _source_of_all(engine, target)
        case _:
            return _owner(engine, target).tensor


def _source_of_all(engine: Engine, target: Combination) -> str:
    found = []
    for number, (one, _) in enumerate(target.terms):
        with within(f"targets[{number}]"):
            found.append(source_of(engine, one))
    if len(set(found)) > 1:
        raise several_tensors(list(dict.fromkeys(found)))
    return found[0]


def is_of_boxes(engine: Engine, target: Aim) -> bool:
    """Return whether a target is a class of boxes, or combines some: which tensor is explained depends on the box."""
    if isinstance(target, Combination):
        return any(is_of_boxes(engine, one) for one, _ in target.terms)
    return isinstance(target, Class) and engine.head_of(target.output).meaning == BOXES


def settled(run: Run, x: Array, target: Aim, *, image: int) -> Aim:
    """Return a target of which it is known which tensor it lives in, chosen on image `image` of (N, …) `x`."""
    with _within(target):
        if isinstance(target, Chosen) or not is_of_boxes(run.engine, target):
            return target
        if isinstance(target, Combination):
            return _settled_together(run, x[image : image + 1], target, image=image)
        return choose_box(run, x[image : image + 1], cast("Class", target), image=image)


def _settled_together(run: Run, x: Array, target: Combination, *, image: int) -> Chosen:
    """Return a combination of classes of boxes, at the first one's box where they name none."""
    terms: list[Chosen] = []
    for number, (one, _) in enumerate(target.terms):
        with within(f"targets[{number}]"), _within(one):
            if isinstance(one, Class) and terms and one.position is None and one.output is None:
                one = replace(one, position=terms[0].resolved.position, output=terms[0].resolved.output)  # noqa: PLW2901
            if isinstance(one, Class):
                terms.append(choose_box(run, x, one, image=image, besides=taken(terms)))
                continue
            source = source_of(run.engine, one)
            terms.append(resolve(run.engine, one, run.forward(x, [source])[source][0], image=image))
    return combined(terms, [weight for _, weight in target.terms])


def output_of(engine: Engine, target: Target) -> str | None:
    """Return the output that a target names, if it names one."""
    match target:
        case Class():
            return target.output
        case Unit():
            return None
        case Combination():
            return output_of(engine, target.terms[0][0])
        case _:
            return _owner(engine, target).output


def resolve(engine: Engine, target: Aim, activation: Array, *, image: int) -> Chosen:
    """Choose within one image's activation (the tensor without its batch axis).

    NotFoundError where a class, channel, position or element is out of range; InvalidInputError for a wrong rank.
    """
    with _within(target):
        return _resolve(engine, target, activation, image=image)


def _within(target: Aim) -> AbstractContextManager[None]:
    """Let an error name its place in the target; what an image chose names none."""
    return nullcontext() if isinstance(target, Chosen) else within(KINDS[type(target)])


def _resolve(engine: Engine, target: Aim, activation: Array, *, image: int) -> Chosen:
    match target:
        case Chosen():
            return target.on(activation, image=image)
        case Class():
            head = engine.head_of(target.output)
            resolve_in = resolve_class if head.has_classes else resolve_value
            return resolve_in(engine, head, target, activation, image=image)
        case Unit():
            return _resolve_unit(engine.model.layer(target.layer), target, activation, image=image)
        case Combination():
            return _resolve_together(engine, target, activation, image=image)
        case _:
            return _resolve_part(_owner(engine, target), target, activation, image=image)


def _resolve_together(engine: Engine, target: Combination, activation: Array, *, image: int) -> Chosen:
    """Choose each term beside those before it; classes without a place of their own stand at the first one's."""
    terms: list[Chosen] = []
    for number, (one, _) in enumerate(target.terms):
        with within(f"targets[{number}]"), _within(one):
            head = engine.head_of(one.output) if isinstance(one, Class) else None
            if head is None or not head.has_classes or not isinstance(one, Class):
                terms.append(_resolve(engine, one, activation, image=image))
                continue
            found = resolve_class(engine, head, one, activation, image=image, besides=taken(terms))
            first = next((other for other in terms if other.resolved.kind == "class"), None)
            if first is not None and one.position is None:
                found = moved_to(head, first, found, activation)
            terms.append(found)
    return combined(terms, [weight for _, weight in target.terms])


def _resolve_part(
    owner: _Owner, target: Element | Region | Direction, activation: Array, *, image: int
) -> Chosen:
    weights: Array | None = None
    match target:
        case Element():
            places, kind = element_place(target, activation), "element"
        case Region():
            places, kind = region_places(target, activation), "region"
        case Direction():
            places, kind = np.arange(activation.size), "direction"
            weights = direction_weights(target, activation)
    return chosen(
        activation,
        places,
        weights,
        kind=kind,
        tensor=owner.tensor,
        layer=owner.layer,
        output=owner.output,
        reduce=target.reduce if isinstance(target, Region) else None,
        image=image,
    )


def _owner(engine: Engine, target: Element | Region | Direction) -> _Owner:
    name, outputs = target.tensor, [output.name for output in engine.model.outputs]
    if name in outputs:
        return _Owner(tensor=name, output=name)
    if engine.model.has_layer(name):
        layer = engine.model.layer(name)
        return _Owner(tensor=layer.output, layer=layer.name)
    known = {*outputs, *(layer.name for layer in engine.model.layers)}
    raise NotFoundError(
        f"There is no output or layer {name[:200]!r}. Outputs: {', '.join(outputs)}; for layers see layers()."
        f"{nearest(name, known, most=3)}",
        reason="TENSOR_NOT_FOUND",
        field="tensor",
    )


def _resolve_unit(layer: Layer, target: Unit, activation: Array, *, image: int) -> Chosen:
    axis = channel_axis(layer, activation.ndim)
    maps = np.moveaxis(activation, axis, 0)
    channel = target.channel
    if channel is not None:
        _check_channel(layer, channel, len(maps))
    looked_at = maps if channel is None else maps[channel : channel + 1]
    if (channel is None or target.position is None) and not is_choosable(looked_at):
        raise no_choice(f"the strongest unit of layer {layer.name!r}", values=looked_at)
    if channel is None:
        channel = int(np.argmax(maps.reshape(len(maps), -1).max(axis=1)))
    plane = maps[channel]
    if target.position is None:
        position = tuple(int(i) for i in np.unravel_index(int(np.argmax(plane)), plane.shape))
    else:
        position = tuple(target.position)
        _check_position(layer, position, plane.shape)
    index = list(position)
    index.insert(axis, channel)
    return chosen(
        activation,
        int(np.ravel_multi_index(index, activation.shape)),
        kind="unit",
        tensor=layer.output,
        layer=layer.name,
        channel=channel,
        position=position,
        image=image,
    )


def channel_axis(layer: Layer, rank: int) -> int:
    """Return the axis of channels within one image's activation; the batch axis, where it leads, is not counted."""
    if rank == 0:
        raise InvalidInputError(f"Layer {layer.name!r} gives one number per image, and has no units.")
    before = len(layer.shape) - rank if layer.shape else 1
    return 0 if layer.channel_axis is None else max(layer.channel_axis - before, 0)


def _check_channel(layer: Layer, channel: int, channels: int) -> None:
    if not 0 <= channel < channels:
        raise NotFoundError(
            f"Layer {layer.name!r} has no channel {channel}: it has {channels}, from 0 to {channels - 1}.",
            reason="CHANNEL_NOT_FOUND",
            field="channel",
        )


def _check_position(layer: Layer, position: Sequence[int], shape: tuple[int, ...]) -> None:
    if len(position) != len(shape) or not all(0 <= p < size for p, size in zip(position, shape, strict=True)):
        raise NotFoundError(
            f"Layer {layer.name!r} has no position {tuple(position)}: its maps have the shape {shape}.",
            reason="POSITION_NOT_FOUND",
            field="position",
        )
