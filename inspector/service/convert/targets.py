"""Targets: what is to be explained, and what was."""

from __future__ import annotations

from collections.abc import Sequence

from inspector.errors import InvalidInputError
from inspector.service.convert.enums import REDUCTIONS, from_wire
from inspector.service.convert.tensors import tensor_from_wire
from inspector.types.targets import Class, Direction, Element, Region, ResolvedTarget, Span, Target, Unit
from inspector.v1 import target_pb2


def target_from_wire(target: target_pb2.Target, *, field: str) -> Target:
    """Return the target that a message means."""
    match target.WhichOneof("target"):
        case "output_class":
            message = target.output_class
            index = message.index if message.HasField("index") else None
            return Class(index, message.output or None, _position(message, "position"))
        case "unit":
            return _unit(target.unit, field=f"{field}.unit")
        case "element":
            name = _name(target.element.tensor, field=f"{field}.element.tensor")
            return Element(name, _position(target.element, "index"))
        case "region":
            return _region(target.region, field=f"{field}.region")
        case "direction":
            name = _name(target.direction.tensor, field=f"{field}.direction.tensor")
            return Direction(name, tuple(target.direction.vector) or None)
        case _:
            raise InvalidInputError(
                f"{field} is empty; set output_class, unit, element, region or direction.",
                reason="MISSING",
                field=field,
            )


def targets_from_wire(targets: Sequence[target_pb2.Target]) -> Target | list[Target] | None:
    """Return none, the only target, or a list of several."""
    found = [target_from_wire(target, field=f"targets[{index}]") for index, target in enumerate(targets)]
    if not found:
        return None
    return found[0] if len(found) == 1 else found


def resolved_to_wire(target: ResolvedTarget) -> target_pb2.ResolvedTarget:
    """Return the message that says what one map explains."""
    return target_pb2.ResolvedTarget(
        kind=target.kind,
        tensor=target.tensor,
        layer=target.layer,
        channel=target.channel or 0,
        position=target.position,
        value=target.value,
        label=target.label,
        image=target.image,
        output=target.output,
        spans=[target_pb2.Span(start=span.start, stop=span.stop) for span in target.spans],
        elements=target.elements,
        reduce=f"REDUCTION_{(target.reduce or 'unspecified').upper()}",
    )


def _unit(unit: target_pb2.UnitTarget, *, field: str) -> Unit:
    return Unit(
        layer=_name(unit.layer, field=f"{field}.layer"),
        channel=unit.channel if unit.HasField("channel") else None,
        position=_position(unit, "position"),
    )


def _region(region: target_pb2.RegionTarget, *, field: str) -> Region:
    spans = (
        Span(
            span.start if span.HasField("start") else None,
            span.stop if span.HasField("stop") else None,
        )
        for span in region.spans
    )
    return Region(
        tensor=_name(region.tensor, field=f"{field}.tensor"),
        index=tuple(spans),
        reduce=from_wire(REDUCTIONS, region.reduce, field=f"{field}.reduce"),
        mask=tensor_from_wire(region.mask, field=f"{field}.mask") if region.HasField("mask") else None,
    )


def _position(
    message: target_pb2.ClassTarget | target_pb2.UnitTarget | target_pb2.ElementTarget, name: str
) -> tuple[int, ...] | None:
    return tuple(getattr(message, name).coordinates) if message.HasField(name) else None


def _name(given: str, *, field: str) -> str:
    if not given:
        hint = (
            "a name that ListLayers lists" if field.endswith("layer") else "the name of an output or a layer"
        )
        raise InvalidInputError(f"{field} is empty; give {hint}.", reason="MISSING", field=field)
    return given
