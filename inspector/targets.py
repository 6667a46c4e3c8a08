"""Targets: what is to be explained, and what was. Plain data, the same in-process and over the wire."""

from __future__ import annotations

from dataclasses import dataclass
from operator import index as as_index

from inspector.errors import InvalidInputError


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


def as_target(value: TargetLike) -> Target:
    """Read a target: a number is a class, None the most probable class."""
    if isinstance(value, Class | Unit):
        return value
    if value is None:
        return Class()
    try:
        if not isinstance(value, bool):
            return Class(as_index(value))
    except TypeError:
        pass
    raise InvalidInputError(
        f"A target is a class index, Class(index) or Unit(layer, channel, position); {value!r} was given.",
        field="target",
    )
