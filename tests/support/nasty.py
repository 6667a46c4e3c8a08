"""Values that callers give by mistake, by habit or by malice: each made anew, since some can be read only once."""

from __future__ import annotations

import datetime
import enum
import itertools
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from inspector.types.control import Cancellation
from inspector.types.images import Prepared
from inspector.types.targets import Class, Combination, Direction, Element, Region, Span, Unit


class Number(enum.IntEnum):
    """A whole number under a name."""

    FOUR = 4


class Word(str):
    """A text that says more."""


class Unprintable:
    """Raises where it is shown."""

    def __repr__(self) -> str:
        raise RuntimeError("not to be seen")


class Unindexable:
    """Says that it is a whole number, and is none."""

    def __index__(self) -> int:
        raise ValueError("no number after all")


class OtherClass(Class):
    """A kind of target that nobody knows."""


def nested(depth: int) -> list[Any]:
    """Return a list in a list, so deep."""
    found: list[Any] = []
    for _ in range(depth):
        found = [found]
    return found


def own() -> list[Any]:
    """Return a list that holds itself."""
    found: list[Any] = []
    found.append(found)
    return found


VALUES: dict[str, Callable[[], Any]] = {
    # nothing, and true or false
    "None": lambda: None,
    "True": lambda: True,
    "False": lambda: False,
    "np.True_": lambda: np.True_,
    # whole numbers
    "0": lambda: 0,
    "1": lambda: 1,
    "4": lambda: 4,
    "-1": lambda: -1,
    "2**31": lambda: 2**31,
    "2**62": lambda: 2**62,
    "2**63": lambda: 2**63,
    "-2**70": lambda: -(2**70),
    "10**5000": lambda: 10**5000,
    "np.int64(4)": lambda: np.int64(4),
    "np.uint8(255)": lambda: np.uint8(255),
    "np.int8(-3)": lambda: np.int8(-3),
    "np.array(4)": lambda: np.array(4),
    "an enum's number": lambda: Number.FOUR,
    "an index that is none": Unindexable,
    # real numbers
    "0.0": lambda: 0.0,
    "0.5": lambda: 0.5,
    "4.0": lambda: 4.0,
    "1e300": lambda: 1e300,
    "-1e300": lambda: -1e300,
    "1e-320": lambda: 1e-320,
    "nan": lambda: float("nan"),
    "inf": lambda: float("inf"),
    "-inf": lambda: float("-inf"),
    "np.float32(2.5)": lambda: np.float32(2.5),
    "np.float16(nan)": lambda: np.float16("nan"),
    "np.array(4.0)": lambda: np.array(4.0),
    "Decimal": lambda: Decimal(4),
    "Fraction": lambda: Fraction(1, 2),
    "complex": lambda: 1 + 2j,
    # texts and bytes
    "an empty text": lambda: "",
    "a text": lambda: "x",
    "a layer": lambda: "relu1",
    "a word": lambda: Word("relu1"),
    "np.str_": lambda: np.str_("relu1"),
    "a zero in a text": lambda: "a\0b",
    "half a character": lambda: "\udc80",
    "a long text": lambda: "a" * 100_000,
    "a text of a number": lambda: "4",
    "a picture": lambda: "🦓",
    "a path": lambda: Path("nowhere/x.png"),
    "a long path": lambda: Path("x" * 5000),
    "nobody's home": lambda: "~nobody-of-that-name/x",
    "a zero in a path": lambda: Path("a\0b"),
    "a folder": lambda: Path("/"),
    "no bytes": lambda: b"",
    "bytes": lambda: b"abc",
    "a bytearray": lambda: bytearray(b"abc"),
    "a memoryview": lambda: memoryview(b"abc"),
    # containers
    "()": lambda: (),
    "[]": list,
    "{}": dict,
    "set()": set,
    "[1, 2]": lambda: [1, 2],
    "(4, 4.0)": lambda: (4, 4.0),
    "(3, 5, 5)": lambda: (3, 5, 5),
    "(4, -1)": lambda: (4, -1),
    "[2**70]": lambda: [2**70],
    "[nan]": lambda: [float("nan")],
    "[None]": lambda: [None],
    "a mixed list": lambda: ["a", 1, None],
    "a ragged list": lambda: [1, [2, 3]],
    "a set of texts": lambda: {"relu1", "conv1"},
    "a set of numbers": lambda: {4, 5},
    "a frozenset": lambda: frozenset({"relu1"}),
    "a list of texts": lambda: ["relu1", "conv1"],
    "a tuple of nothing": lambda: ("",),
    "a generator of texts": lambda: (name for name in ("relu1", "conv1")),
    "a generator of numbers": lambda: (number for number in (4, 5)),
    "an endless generator": itertools.count,
    "an endless repetition": lambda: itertools.repeat("relu1"),
    "an empty iterator": lambda: iter(()),
    "a map": lambda: map(str, (1, 2)),
    "a range": lambda: range(2),
    "an endless range": lambda: range(10**15),
    "keys": {"relu1": 1}.keys,
    "values": {"relu1": 4}.values,
    "texts by number": lambda: {0: "a", 1: "b"},
    "texts by text": lambda: {"relu1": "guided"},
    "numbers by text": lambda: {"mean": 4},
    "nothing by nothing": lambda: {None: None},
    "a deep list": lambda: nested(20_000),
    "a list that holds itself": own,
    "many numbers": lambda: [0] * 20_000,
    "many texts": lambda: ["a"] * 20_000,
    # arrays
    "np.array([4])": lambda: np.array([4]),
    "an empty array": lambda: np.array([]),
    "an array of texts": lambda: np.array(["relu1", "conv1"]),
    "an array of nothing": lambda: np.array([None]),
    "an array of NaN": lambda: np.array([np.nan, 1.0]),
    "a matrix": lambda: np.array([[1.0, 2.0], [3.0, 4.0]]),
    "a matrix of flags": lambda: np.eye(3, dtype=bool),
    "complex numbers": lambda: np.array([1j]),
    "dates": lambda: np.array(["2020-01-01"], "datetime64[D]"),
    "an image": lambda: np.full((3, 16, 16), 0.5, np.float32),
    "an image of NaN": lambda: np.full((3, 16, 16), np.nan, np.float32),
    "an image of doubles": lambda: np.full((3, 16, 16), 1e300),
    "codes": lambda: np.full((3, 16, 16), 300, np.int64),
    "a picture of bytes": lambda: np.zeros((20, 30, 3), np.uint8),
    "an empty picture": lambda: np.zeros((0, 30, 3), np.uint8),
    "a narrow picture": lambda: np.zeros((1, 3000, 3), np.uint8),
    "a batch of none": lambda: np.zeros((0, 3, 16, 16), np.float32),
    "many axes": lambda: np.zeros((1,) * 20, np.float32),
    "a masked array": lambda: np.ma.masked_array([1.0, 2.0], [True, False]),
    "a record": lambda: np.zeros(2, [("a", "f4"), ("b", "i4")]),
    # pictures
    "an image of Pillow": lambda: Image.new("RGB", (20, 16)),
    "an empty image of Pillow": lambda: Image.new("RGB", (0, 5)),
    "an image of Lab": lambda: Image.new("LAB", (20, 16)),
    "an image of floats": lambda: Image.new("F", (20, 16)),
    "an image of integers": lambda: Image.new("I;16B", (20, 16)),
    "a prepared batch of nothing": lambda: Prepared(None),  # type: ignore[arg-type]
    "a prepared batch of texts": lambda: Prepared(np.array(["a"])),
    # targets
    "a class": lambda: Class(1),
    "a class out of range": lambda: Class(2**40),
    "another kind of class": OtherClass,
    "a unit": lambda: Unit("relu1", 1),
    "a unit at no place": lambda: Unit("relu1", -1, (1, 2, 3, 4)),
    "an element": lambda: Element("relu1", (0,) * 40),
    "a region": lambda: Region("relu1", np.s_[2**40 :]),
    "a direction": lambda: Direction("scores", (1.0, 2.0)),
    "a combination": lambda: Combination([1, None], (0.5, -2)),
    "a combination of several tensors": lambda: Combination([1, Unit("relu1")]),
    "a span": lambda: Span(0, 1),
    "several targets": lambda: [Class(0), Unit("relu1"), 3],
    # other things
    "an object": object,
    "a type": lambda: int,
    "a function": lambda: lambda *_: None,
    "an ellipsis": lambda: ...,
    "a slice": lambda: slice(0, 4),
    "a date": lambda: datetime.date(2020, 1, 1),
    "a token": Cancellation,
    "an exception": lambda: ValueError("given"),
    "a module": lambda: np,
    "an unprintable thing": Unprintable,
}
