"""Targets, as in the Python API: what is to be explained, and what was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import index

from inspector.errors import InvalidInputError
from inspector.v1 import target_pb2


@dataclass(frozen=True)
class Class:
    """An output class, by its index; None for the most probable one."""

    index: int | None = None


@dataclass(frozen=True)
class Unit:
    """A unit of a layer. No channel: the one with the strongest activation; no position: the channel's strongest."""

    layer: str
    channel: int | None = None
    position: tuple[int, ...] | None = None


Target = Class | Unit
TargetLike = Target | int | None


@dataclass(frozen=True, kw_only=True)
class ResolvedTarget:
    """What one map really explains."""

    kind: str
    """"class" or "unit"."""
    tensor: str
    """The graph's tensor; for a class, the scores before a final Softmax."""
    layer: str | None
    channel: int
    """The channel of a unit, or the index of a class."""
    position: tuple[int, ...]
    """Row and column of a unit in its map; () for a class or a dense unit."""
    value: float
    """The tensor's value there."""
    label: str | None
    image: int
    """Which image of the batch."""


def target_to_wire(target: TargetLike) -> target_pb2.Target:
    """Return the message of a target: a number is a class, None the most probable one."""
    if target is None:
        return target_pb2.Target(output_class=target_pb2.ClassTarget())
    if isinstance(target, Class):
        return target_pb2.Target(output_class=target_pb2.ClassTarget(index=target.index))
    if isinstance(target, Unit):
        unit = target_pb2.UnitTarget(layer=target.layer, channel=target.channel)
        if target.position is not None:
            unit.position.CopyFrom(target_pb2.Position(coordinates=target.position))
        return target_pb2.Target(unit=unit)
    try:
        return target_pb2.Target(output_class=target_pb2.ClassTarget(index=index(target)))
    except TypeError:
        raise InvalidInputError(
            f"A target is a class index, Class(index) or Unit(layer, channel, position); {target!r} was given.",
            field="target",
        ) from None


def targets_to_wire(target: TargetLike | Sequence[TargetLike]) -> list[target_pb2.Target]:
    """Return the messages of one target or several; none for the most probable class of each image."""
    if target is None:
        return []
    if isinstance(target, Sequence):
        return [target_to_wire(item) for item in target]
    return [target_to_wire(target)]


def resolved_from_wire(message: target_pb2.ResolvedTarget) -> ResolvedTarget:
    """Return what one map explains."""
    return ResolvedTarget(
        kind=message.kind,
        tensor=message.tensor,
        layer=message.layer if message.HasField("layer") else None,
        channel=message.channel,
        position=tuple(message.position),
        value=message.value,
        label=message.label if message.HasField("label") else None,
        image=message.image,
    )
