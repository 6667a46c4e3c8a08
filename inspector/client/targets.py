"""Targets to the wire, and what was explained back."""

from __future__ import annotations

from collections.abc import Sequence

from inspector.targets import Class, ResolvedTarget, TargetLike, as_target
from inspector.v1 import target_pb2


def target_to_wire(target: TargetLike) -> target_pb2.Target:
    """Return the message of a target: a number is a class, None the most probable one."""
    target = as_target(target)
    if isinstance(target, Class):
        return target_pb2.Target(output_class=target_pb2.ClassTarget(index=target.index))
    unit = target_pb2.UnitTarget(layer=target.layer, channel=target.channel)
    if target.position is not None:
        unit.position.CopyFrom(target_pb2.Position(coordinates=target.position))
    return target_pb2.Target(unit=unit)


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
