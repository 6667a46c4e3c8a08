"""Read a target from the options."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from inspector.cli.options import read_position
from inspector.errors import InvalidInputError
from inspector.types.targets import Class, Direction, Element, Region, Span, Target, Unit

OWN = "own"
"""The direction of a tensor itself."""


@dataclass(frozen=True, kw_only=True)
class PartOptions:
    """The options that choose a part of --tensor."""

    tensor: str | None = None
    index: str | None = None
    region: str | None = None
    reduce: str | None = None
    mask: Path | None = None
    direction: str | None = None


def read_target(
    *,
    class_index: int | None,
    layer: str | None = None,
    channel: int | None = None,
    position: str | None = None,
    part: PartOptions | None = None,
) -> Target:
    """Return the unit where a layer is named, the part where one is chosen, else the class."""
    part = part or PartOptions()
    if layer is not None:
        if class_index is not None:
            raise InvalidInputError("Give --class or --layer, not both: a target is a class or a unit.")
        if part != PartOptions():
            raise InvalidInputError(
                "Give --layer or --tensor, not both: --tensor takes the name of a layer too."
            )
        return Unit(layer, channel, read_position(position))
    if channel is not None or (position is not None and class_index is None):
        raise InvalidInputError(
            "--channel and --position choose a unit of a layer: give --layer too (or, with --position, --class).",
            field="layer",
        )
    if class_index is not None or part == PartOptions():
        if part != PartOptions(tensor=part.tensor):
            raise InvalidInputError("Give --class, or one of --index, --region and --direction.")
        return Class(class_index, part.tensor, read_position(position))
    return _read_part(part)


def _read_part(part: PartOptions) -> Target:
    given = [name for name in ("index", "region", "direction") if getattr(part, name) is not None]
    if part.tensor is None:
        raise InvalidInputError(
            "--index, --region, --reduce, --mask and --direction choose a part of an output or a layer: give --tensor "
            "too.",
            field="tensor",
        )
    if len(given) > 1:
        raise InvalidInputError(f"Give one of --{' and --'.join(given)}.")
    if part.direction is not None:
        own = part.direction == OWN
        return Direction(part.tensor, None if own else tuple(_read_array(Path(part.direction)).reshape(-1)))
    if part.region is None and (part.reduce is not None or part.mask is not None):
        raise InvalidInputError("--reduce and --mask belong to --region (':' for all of it).", field="region")
    if part.region is not None:
        mask = None if part.mask is None else _read_array(part.mask)
        return Region(part.tensor, read_region(part.region), part.reduce or "mean", mask)
    return Element(part.tensor, read_position(part.index, option="--index"))


def read_region(text: str) -> tuple[Span, ...]:
    """Read --region: numbers and START:STOP with commas between; either end may be left out."""
    try:
        return tuple(map(_read_span, text.split(",")))
    except ValueError as error:
        raise InvalidInputError(
            f"--region is {text!r}; give a number, START:STOP or : per axis, such as 1,10:20,:.",
            field="region",
        ) from error


def _read_span(text: str) -> Span:
    start, colon, stop = text.strip().partition(":")
    if not colon:
        return Span(int(start), int(start) + 1)
    return Span(*(int(end) if end else None for end in (start, stop)))


def _read_array(path: Path) -> np.ndarray[Any, np.dtype[Any]]:
    try:
        return np.asarray(np.load(path, allow_pickle=False))
    except (OSError, ValueError, EOFError) as error:
        raise InvalidInputError(f"{path} is no .npy file: {error}.") from error
