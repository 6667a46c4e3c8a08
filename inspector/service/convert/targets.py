"""Targets: what is to be explained, and what was."""

from __future__ import annotations

from collections.abc import Sequence

from inspector.errors import InvalidInputError
from inspector.targets import Class, ResolvedTarget, Target, Unit
from inspector.v1 import target_pb2


def target_from_wire(target: target_pb2.Target, *, field: str) -> Target:
    """Return the class or unit that a message means."""
    kind = target.WhichOneof("target")
    if kind is None:
        raise InvalidInputError(f"{field} is empty; set output_class or unit.", reason="MISSING", field=field)
    if kind == "output_class":
        message = target.output_class
        return Class(message.index if message.HasField("index") else None)
    unit = target.unit
    if not unit.layer:
        raise InvalidInputError(
            f"{field}.unit.layer is empty; give a name that ListLayers lists.",
            reason="MISSING",
            field=f"{field}.unit.layer",
        )
    return Unit(
        layer=unit.layer,
        channel=unit.channel if unit.HasField("channel") else None,
        position=tuple(unit.position.coordinates) if unit.HasField("position") else None,
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
        channel=target.channel,
        position=target.position,
        value=target.value,
        label=target.label,
        image=target.image,
    )
