"""Random plain data by annotations: any dataclass that messages carry, with every kind of value in its fields."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from fractions import Fraction
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np

from inspector.types.arrays import Array
from inspector.types.dtypes import DATATYPES, Dtype
from inspector.types.layers import Dim
from inspector.types.layouts import USUAL
from inspector.types.notes import Note
from inspector.types.options import PICTURES
from inspector.types.preprocessing import (
    ALIGNMENTS,
    COLORS,
    INTERPOLATIONS,
    RESIZE_MODES,
    Preprocessing,
)
from inspector.types.receptive_field import AxisField, ReceptiveField
from inspector.types.results.base import Cell
from inspector.types.results.figure import Panel
from inspector.types.results.images import Example, Images, Picture
from inspector.types.results.maps import Maps
from inspector.types.results.model_info import ModelInfo
from inspector.types.results.table import Series, Table
from inspector.types.targets import Span

NUMBERS = tuple(name for name in DATATYPES if name not in ("str", "bfloat16"))
TEXTS = ("", "a", "Käse 🧀", "line\nbreak", "x" * 300, "0", "None", "\0")
WHOLE = (0, 1, -1, 5, 2**31, -(2**63), 2**63 - 1)
BROKEN = (0.0, -0.0, 0.1, -2.5, 1e300, 5e-324, float("inf"), float("-inf"))


_DRAWN = ("pixels", "projection")
"""Fields that hold pictures."""


class Maker:
    """Makes random values; the same seed makes the same."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)

    def choice(self, values: Any) -> Any:
        """Return one of several."""
        return values[int(self._rng.integers(len(values)))]

    def made(self, hint: Any) -> Any:
        """Return a value of an annotation."""
        special = _SPECIAL.get(_key(hint))
        if special is not None:
            return special(self)
        origin, arguments = get_origin(hint), get_args(hint)
        if origin in (Union, UnionType):
            return self.made(self.choice(arguments))
        if origin is Literal:
            return self.choice(arguments)
        if origin is tuple:
            return tuple(self.made(arguments[0]) for _ in range(self._rng.integers(4)))
        if origin is Mapping:
            return {self.made(arguments[0]): self.made(arguments[1]) for _ in range(self._rng.integers(4))}
        if isinstance(hint, type) and dataclasses.is_dataclass(hint):
            return self.dataclass(hint)
        raise TypeError(f"No random value for {hint}.")

    def dataclass(self, hint: Any) -> Any:
        """Return a dataclass with random fields."""
        hints = get_type_hints(hint)
        if hint is ReceptiveField:
            axes = tuple(self.axis() for _ in range(self.choice((1, 2, 3))))
            return ReceptiveField(axes, self.choice(((), (None,) * len(axes), tuple(range(len(axes)))[::-1])))
        if hint is ModelInfo:  # no labels are none
            hints["labels"] = Literal[None, ("a", "")]
        if hint in (Picture, Example):
            own = [one.name for one in dataclasses.fields(hint) if one.name not in _DRAWN]
            drawn: dict[str, Any] = {"pixels": self.pixels()}
            if hint is Example:
                drawn["projection"] = self.choice((None, self.pixels()))
            return hint(**{name: self.made(hints[name]) for name in own} | drawn)
        if hint is Panel:
            kind = self.choice((Table, Images, Series))
            return Panel(title=self.made(str), result=self.made(kind), caption=self.made(str))
        if hint is Maps:
            hints["picture"] = Literal[PICTURES]
            hints["options"] = Mapping[
                str, str | int | float | bool | tuple[float, ...]
            ]  # arrays are finite there
        return hint(**{one.name: self.made(hints[one.name]) for one in dataclasses.fields(hint)})

    def array(self) -> Array:
        """Return an array of any shape, dtype and order in memory."""
        shape = tuple(int(size) for size in self._rng.integers(0, 4, size=self._rng.integers(0, 5)))
        name = self.choice(NUMBERS)
        values = self._rng.integers(0, 100, size=shape).astype(name)
        if name.startswith("float") and values.size and self.choice((True, False)):
            values.flat[0] = self.choice((np.nan, np.inf, -np.inf))
        return (
            self.choice((values, values.T, values.astype(values.dtype.newbyteorder(">")), values[::-1].T))
            if (values.ndim)
            else values
        )

    def pixels(self) -> Array:
        """Return a picture in RGB."""
        height, width = (int(size) for size in self._rng.integers(1, 4, size=2))
        return self._rng.integers(0, 256, size=(height, width, 3)).astype(np.uint8)

    def axis(self) -> AxisField:
        """Return a receptive field along one axis."""
        windows = tuple(tuple(map(int, self._rng.integers(-9, 9, size=2))) for _ in range(3))
        return AxisField(
            size=self.choice((0, 3)),
            stride=Fraction(self.choice((0, 1, 7)), self.choice((1, 2, 3))),
            offset=Fraction(self.choice((-3, 0, 5)), 2),
            extent=self.choice((None, 0, 9)),
            windows=self.choice((None, windows)),
        )

    def preprocessing(self) -> Preprocessing:
        """Return a preprocessing that makes sense."""
        return Preprocessing(
            layout=self.choice((None, *USUAL, "CHW", "HW")),
            color=self.choice(COLORS),
            height=self.choice((None, 1, 224)),
            width=self.choice((None, 1, 224)),
            resize=self.choice(RESIZE_MODES),
            resize_size=self.choice((None, 256)),
            interpolation=self.choice(INTERPOLATIONS),
            letterbox_fill=self.choice((0, 114)),
            letterbox_align=self.choice(ALIGNMENTS),
            scale=self.choice((1.0, -0.5)),
            mean=self.choice(((0.0,), (1.5,))),
            std=self.choice(((1.0,), (0.5,))),
            dtype=Dtype(self.choice(NUMBERS)),
            source=self.choice(TEXTS),
            assumed=self.choice(((), ("color RGB", "std"))),
        )


def same(one: Any, other: Any) -> bool:
    """Return whether two values are equal bit by bit, with their types."""
    if isinstance(one, np.ndarray):
        return (
            one.dtype.newbyteorder("=") == other.dtype.newbyteorder("=")
            and one.shape == other.shape
            and np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
        )
    if isinstance(one, Note):
        return type(other) is Note and (one, one.id) == (other, other.id)
    if dataclasses.is_dataclass(one):
        return type(one) is type(other) and all(
            same(getattr(one, field.name), getattr(other, field.name)) for field in dataclasses.fields(one)
        )
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, Mapping):
        return set(one) == set(other) and all(same(value, other[key]) for key, value in one.items())
    return type(one) is type(other) and repr(one) == repr(other)


def _key(hint: Any) -> Any:
    return str(hint) if get_origin(hint) is not None else hint


_SPECIAL: dict[Any, Callable[[Maker], Any]] = {
    str: lambda maker: maker.choice(TEXTS),
    int: lambda maker: maker.choice(WHOLE),
    float: lambda maker: maker.choice(BROKEN),
    bool: lambda maker: maker.choice((True, False)),
    bytes: lambda maker: maker.choice((b"", b"\0\xff", b"png" * 50)),
    NoneType: lambda maker: None,
    _key(Array): Maker.array,
    Dtype: lambda maker: maker.choice(("float32", "bool", "bfloat16", "float8e4m3fn")),
    Note: lambda maker: Note(maker.choice(TEXTS), id=maker.choice(TEXTS)),
    Span: lambda maker: Span(maker.choice((None, 0, 3)), maker.choice((None, 0, 7))),
    AxisField: Maker.axis,
    Preprocessing: Maker.preprocessing,
    _key(Dim): lambda maker: maker.choice((None, 0, 5, "batch")),
    _key(Cell): lambda maker: maker.choice((None, True, 3, -0.5, "", "a")),
}
