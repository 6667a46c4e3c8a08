"""Read a target from the options."""

from __future__ import annotations

from inspector.cli.options import read_position
from inspector.errors import InvalidInputError
from inspector.targets import Class, Target, Unit


def read_target(
    *, class_index: int | None, layer: str | None, channel: int | None, position: str | None
) -> Target:
    """Return the unit where a layer is named, else the class."""
    if layer is not None:
        if class_index is not None:
            raise InvalidInputError("Give --class or --layer, not both: a target is a class or a unit.")
        return Unit(layer, channel, read_position(position))
    if channel is not None or position is not None:
        raise InvalidInputError(
            "--channel and --position choose a unit of a layer: give --layer too.", field="layer"
        )
    return Class(class_index)
