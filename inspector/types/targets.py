"""Targets: what is to be explained, and what was. Plain data, the same in-process and over the wire."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

import numpy as np

from inspector.errors import InvalidInputError, in_brief, naming, within
from inspector.types.arrays import Array
from inspector.types.given import as_array, as_integer, as_integers, as_items, as_numbers

REDUCTIONS = ("mean", "sum", "max")


class Span(NamedTuple):
    """Elements of one axis, from `start` to before `stop`; None for the axis's own end."""

    start: int | None = None
    stop: int | None = None

    def __str__(self) -> str:
        if self.start is not None and self.stop == self.start + 1:
            return str(self.start)
        return ":".join("" if end is None else str(end) for end in self)


@dataclass(frozen=True)
class Class:
    """A class of an output, by its index or label; neither: the most probable one.

    Explained is the score before a final Softmax or Sigmoid. Where each place of the output has classes of its own,
    `position` names the place: a box, or the row and column of a pixel. Without: the box where the class is strongest;
    in maps, the mean over the pixels where the class wins, or its strongest pixel where it wins nowhere. Of an output
    that has values and no classes, the index is that of a value.
    """

    index: int | None = None
    output: str | None = None
    """By default the one that says classes."""
    position: tuple[int, ...] | None = None
    label: str | None = None
    """The class's name among the model's labels, instead of `index`."""

    def __post_init__(self) -> None:
        _take(self, "index", whole_number)
        _require_text(self.output, "output")
        _take(self, "position", _indices)
        if self.label is not None:
            _require_name(self.label, "label")
        if self.label is not None and self.index is not None:
            raise InvalidInputError(
                f"The class has the index {self.index} and the label {self.label!r}; give one of them.",
                field="label",
            )


@dataclass(frozen=True)
class Unit:
    """A unit of a layer. No channel: the one with the strongest activation; no position: the channel's strongest."""

    layer: str
    channel: int | None = None
    position: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        _require_name(self.layer, "layer")
        _take(self, "channel", whole_number)
        _take(self, "position", _indices)


@dataclass(frozen=True)
class Element:
    """One element of an output or a layer, by its index without the batch axis; None for the largest."""

    tensor: str
    """The name of an output or of a layer."""
    index: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        _require_name(self.tensor, "tensor")
        _take(self, "index", _indices)


@dataclass(frozen=True, eq=False)
class Region:
    """The mean, sum or maximum over a part of an output or a layer.

    `index` is as in NumPy, without the batch axis and without steps or negative numbers: `Region("boxes", (3,))`,
    `Region("maps", np.s_[5, 10:20, :])`. Of those elements, `mask` (boolean, broadcast) keeps some.
    """

    tensor: str
    """The name of an output or of a layer."""
    index: tuple[int | slice | Span, ...] | int | slice | Span = ()
    reduce: str = "mean"
    """"mean", "sum" or "max" (then the largest element is explained)."""
    mask: Array | None = None

    def __post_init__(self) -> None:
        _require_name(self.tensor, "tensor")
        if not isinstance(self.reduce, str) or self.reduce not in REDUCTIONS:
            raise InvalidInputError(
                f"reduce is {in_brief(self.reduce)}; allowed: {', '.join(REDUCTIONS)}.", field="reduce"
            )
        with naming("index"):
            parts = None if isinstance(self.index, Span) else as_items(self.index)
        object.__setattr__(self, "index", tuple(map(_span, [self.index] if parts is None else parts)))
        if self.mask is not None:
            with naming("mask"):
                mask = as_array(self.mask)
            if mask is None or mask.dtype != np.bool_:
                given = in_brief(self.mask, long="a {}") if mask is None else mask.dtype
                raise InvalidInputError(f"The mask is {given}; a mask is a boolean array.", field="mask")
            object.__setattr__(self, "mask", mask)

    @property
    def spans(self) -> tuple[Span, ...]:
        """The index as spans; axes that it does not name are whole."""
        return cast("tuple[Span, ...]", self.index)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Region):
            return NotImplemented
        same = (self.tensor, self.index, self.reduce) == (other.tensor, other.index, other.reduce)
        if self.mask is None or other.mask is None:
            return same and self.mask is other.mask
        return same and np.array_equal(self.mask, other.mask)

    def __hash__(self) -> int:
        return hash((self.tensor, self.index, self.reduce))


@dataclass(frozen=True)
class Direction:
    """How far an output or a layer reaches along a vector of its size, ⟨t, v⟩ / ‖v‖, as one embedding along another.

    Without a vector it is the tensor's own: then the value is its norm ‖t‖, and so is the gradient.
    """

    tensor: str
    """The name of an output or of a layer."""
    vector: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        _require_name(self.tensor, "tensor")
        if self.vector is not None:
            with naming("vector"):
                values = _vector(self.vector)
            if not values.any() or not np.isfinite(values).all():
                raise InvalidInputError(
                    "The vector is zero or not finite, and has no direction.", field="vector"
                )
            object.__setattr__(self, "vector", tuple(values.tolist()))


MOST_TERMS = 64
"""Of a combination."""


@dataclass(frozen=True)
class Combination:
    """A weighted sum of other targets, Σ w_j·S_j: `Combination([5, 3])` is "why class 5 and not class 3".

    Without weights it is the margin of the first above the mean of the others; one target with the weight −1 is what
    speaks against it. Classes stand together: one without an index is the most probable that no term before took (so
    `Combination([None, None])` is the answer less the runner-up), and one without a position is explained at the place
    of the first. The targets lie in one tensor.
    """

    targets: Sequence[SimpleTarget | int | str | None]
    weights: Sequence[float] | None = None

    def __post_init__(self) -> None:
        with naming("targets"):
            items = as_items(self.targets)
        if items is None or not 1 <= len(items) <= MOST_TERMS:
            raise InvalidInputError(
                f"targets is {in_brief(self.targets, long='a {}')}; give 1 to {MOST_TERMS} targets.",
                field="targets",
            )
        found = []
        for index, item in enumerate(items):
            with within(f"targets[{index}]", always=True):
                found.append(as_target(item))
                if isinstance(found[-1], Combination):
                    raise InvalidInputError(
                        "A combination holds no combinations; write its targets out.", field=""
                    )
        object.__setattr__(self, "targets", tuple(found))
        with naming("weights"):
            weights = _weights(self.weights, len(found))
        object.__setattr__(self, "weights", weights)

    @property
    def terms(self) -> tuple[tuple[SimpleTarget, float], ...]:
        """The targets with their weights."""
        return tuple(zip(cast("tuple[SimpleTarget, ...]", self.targets), self.weights or (), strict=True))


SimpleTarget = Class | Unit | Element | Region | Direction
Target = SimpleTarget | Combination

KINDS: Mapping[type[Any], str] = {
    Class: "output_class",
    Unit: "unit",
    Element: "element",
    Region: "region",
    Direction: "direction",
    Combination: "combination",
}
"""The field of a request's target that holds each kind, by which errors name their place."""

TargetLike = Target | int | str | None


@dataclass(frozen=True, kw_only=True)
class ResolvedTarget:
    """What one map really explains: a weighted sum of elements of a tensor, chosen on the image."""

    kind: str
    """"class", "unit", "element", "region", "direction" or "combination"."""
    tensor: str
    """The graph's tensor; for a class, the scores before a final Softmax or Sigmoid."""
    layer: str | None
    """None for a class, and where an output was named."""
    channel: int | None
    """The channel of a unit, or the index of a class; None for the other kinds."""
    position: tuple[int, ...]
    """The place of a unit in its map, or of a class in an output of more than one place; () where there is one."""
    value: float
    """The element's value, or the sum or mean of the values."""
    label: str | None
    """The class's name; of a combination its terms, in words."""
    image: int
    """Which image of the batch."""
    output: str | None = None
    """The output, for a class, and where one was named."""
    spans: tuple[Span, ...] = ()
    """The smallest box, in the tensor without its batch axis, that holds all elements."""
    elements: int = 1
    """How many there are."""
    reduce: str | None = None
    """"mean", "sum" or "max" for a region; "mean" for a class over several places."""
    window: tuple[int, ...] = ()
    """What a unit sees of the image, in input pixels: the first of each axis of space, then one past the last of each,
    (top, left, bottom, right); () for other kinds, and where it is not known."""

    def __str__(self) -> str:
        """Return the words for captions."""
        where = f" at {self.position}" if self.position else ""
        owner = self.layer or self.output or self.tensor
        box = ", ".join(map(str, self.spans))
        match self.kind:
            case "class":
                many = f" where it wins ({self.elements} places)" if self.reduce else ""
                return " ".join(filter(None, [f"class {self.channel}", self.label])) + where + many
            case "unit":
                return f"channel {self.channel} of {owner}{where}"
            case "region" if self.reduce != "max":
                return f"{self.reduce} of {self.elements} elements of {owner}[{box}]"
            case "direction":
                return f"direction of {owner}"
            case "combination":
                return f"{self.label}{where}"
            case _:
                return f"element ({box}) of {owner}"


def as_target(value: TargetLike) -> Target:
    """Read a target: a number is a class, a text the class of that label, None the most probable class."""
    if type(value) in KINDS:
        return cast("Target", value)
    if isinstance(value, str):
        return Class(label=value)
    if value is None:
        return Class()
    index = as_integer(value)
    if index is not None:
        return Class(index)
    raise InvalidInputError(
        "A target is a class index, a label, Class(index), Unit(layer, channel, position), Element(tensor, index), "
        f"Region(tensor, index), Direction(tensor, vector) or Combination(targets, weights); "
        f"{in_brief(value, long='a {}')} was given.",
    )


def as_targets(value: TargetLike | Sequence[TargetLike]) -> tuple[Target, ...]:
    """Read one target or several; () is the most probable class, and an empty list a mistake."""
    if value is None or isinstance(value, int | str):  # the usual ones, told apart at once
        return (as_target(value),)
    if isinstance(value, tuple) and not value:
        return ()
    items = None if isinstance(value, Span) else as_items(value)
    if items is None:
        return (as_target(cast("TargetLike", value)),)
    if not items and not isinstance(value, tuple):
        raise InvalidInputError("The list of targets is empty; leave it out for the most probable class.")
    found = []
    for index, item in enumerate(items):
        with within(f"[{index}]", always=True):
            found.append(as_target(item))
    return tuple(found)


def _require_name(name: object, field: str) -> None:
    _require_text(name, field)
    if not name:
        raise InvalidInputError(f"{field} is empty; give a name.", reason="MISSING", field=field)


def _require_text(name: object, field: str) -> None:
    if name is not None and not isinstance(name, str):
        raise InvalidInputError(f"{field} is {in_brief(name)}; give a name.", field=field)


def _take(target: object, field: str, read: Callable[..., object]) -> None:
    """Put what `read` makes of a target's field in its place; None stays."""
    given = getattr(target, field)
    if given is not None:
        with naming(field):
            object.__setattr__(target, field, read(given, field=field))


def whole_number(given: object, *, field: str) -> int:
    """Read one whole number; InvalidInputError for anything else, and for true and false."""
    found = as_integer(given)
    if found is None:
        raise InvalidInputError(
            f"{field} is {in_brief(given, long='a {}')}; give one whole number of 64 bits at most.",
            field=field,
        )
    return found


def _indices(given: object, *, field: str) -> tuple[int, ...]:
    found = as_integers(given)
    if found is None:
        raise InvalidInputError(
            f"{field} is {in_brief(given, long='a {}')}; give one whole number per axis.", field=field
        )
    return found


def _weights(given: object, count: int) -> tuple[float, ...]:
    """Return one number per target of a combination, by default those of a margin."""
    if given is None:
        return (1.0, *[-1.0 / (count - 1)] * (count - 1)) if count > 1 else (1.0,)
    found = as_numbers(given)
    if found is None or len(found) != count or not np.isfinite(found).all() or not any(found):
        raise InvalidInputError(
            f"weights is {in_brief(given, long='a {}')}; give {count} finite numbers, one per target, not all 0.",
            field="weights",
        )
    return found


def _vector(given: object) -> Array:
    """Return the numbers of a vector of any shape, float64 (n,)."""
    array = as_array(given)
    if array is None or array.dtype.kind not in "fiu":
        raise InvalidInputError(
            f"The vector is {in_brief(given, long='a {}')}; give numbers.", field="vector"
        )
    return array.astype(np.float64).reshape(-1)


def _span(part: object) -> Span:
    ends = (part.start, part.stop) if isinstance(part, slice | Span) else (part,)
    found = [None if end is None and len(ends) > 1 else as_integer(end) for end in ends]
    read = [end is None or number is not None for end, number in zip(ends, found, strict=True)]
    is_stepped = isinstance(part, slice) and part.step is not None and as_integer(part.step) != 1
    if is_stepped or not all(read) or found == [None]:
        raise InvalidInputError(
            f"index holds {in_brief(part, long='a {}')}; give whole numbers and slices start:stop, without steps.",
            field="index",
        )
    if len(found) == 1:
        return Span(found[0], cast("int", found[0]) + 1)
    return Span(*found)
