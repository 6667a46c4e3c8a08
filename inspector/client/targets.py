"""Targets to the wire, and what was explained back."""

from __future__ import annotations

from collections.abc import Sequence

from inspector.client.tensors import tensor_to_wire
from inspector.types.targets import (
    Class,
    Direction,
    Element,
    Region,
    ResolvedTarget,
    Span,
    TargetLike,
    Unit,
    as_target,
)
from inspector.v1 import target_pb2

_REDUCTIONS = {
    target_pb2.REDUCTION_MEAN: "mean",
    target_pb2.REDUCTION_SUM: "sum",
    target_pb2.REDUCTION_MAX: "max",
}


def target_to_wire(target: TargetLike) -> target_pb2.Target:
    """Return the message of a target: a number is a class, None the most probable one."""
    match as_target(target):
        case Class(index, output, position):
            found = target_pb2.ClassTarget(index=index, output=output or "", position=_position(position))
            return target_pb2.Target(output_class=found)
        case Unit(layer, channel, position):
            unit = target_pb2.UnitTarget(layer=layer, channel=channel, position=_position(position))
            return target_pb2.Target(unit=unit)
        case Element(tensor, index):
            return target_pb2.Target(element=target_pb2.ElementTarget(tensor=tensor, index=_position(index)))
        case Region() as region:
            return target_pb2.Target(region=_region(region))
        case Direction(tensor, vector):
            return target_pb2.Target(direction=target_pb2.DirectionTarget(tensor=tensor, vector=vector or ()))


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
        channel=message.channel if message.kind in {"class", "unit"} else None,
        position=tuple(message.position),
        value=message.value,
        label=message.label if message.HasField("label") else None,
        image=message.image,
        output=message.output if message.HasField("output") else None,
        spans=tuple(Span(span.start, span.stop) for span in message.spans),
        elements=message.elements,
        reduce=_REDUCTIONS.get(message.reduce),
    )


def _position(coordinates: tuple[int, ...] | None) -> target_pb2.Position | None:
    return None if coordinates is None else target_pb2.Position(coordinates=coordinates)


def _region(region: Region) -> target_pb2.RegionTarget:
    return target_pb2.RegionTarget(
        tensor=region.tensor,
        spans=[target_pb2.Span(start=span.start, stop=span.stop) for span in region.spans],
        reduce=f"REDUCTION_{region.reduce.upper()}",
        mask=None if region.mask is None else tensor_to_wire(region.mask),
    )
