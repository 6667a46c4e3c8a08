"""How an image becomes the model's input: plain data with a JSON form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from math import isclose, isfinite
from typing import Any

from inspector.errors import InvalidInputError, in_brief, naming, nearest
from inspector.types.dtypes import DATATYPES, Dtype
from inspector.types.given import as_integer, as_items, as_number, as_texts, require_text
from inspector.types.layouts import USUAL, is_layout
from inspector.types.presets import PRESETS, TO_UNIT, require_preset

COLORS = ("RGB", "BGR", "GRAY", "RGBA", "NONE")
"""RGBA: four channels, the last of them how opaque a pixel is; NONE: channels that are no colors."""
RESIZE_MODES = ("short_side", "exact", "letterbox", "none")
INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos")
ALIGNMENTS = ("center", "top_left")

MOST_PIXELS = 1 << 26
"""Height times width of what a model sees of one picture; a side has no more either."""

VALUES = ("scale", "mean", "std")
"""These mean something only together."""
LARGEST_OF_UNIT = 5.0
"""No mean or std of values in 0..1 is larger; those of values in 0..255 are 50 and more."""

_SCALES = {TO_UNIT: "1/255", 2 * TO_UNIT: "2/255"}

PreprocessingLike = Mapping[str, Any] | str
"""The JSON form, of which keys may be missing, or the name of a preset; {"preset": name, …} changes one."""


@dataclass(frozen=True, kw_only=True)
class Preprocessing:
    """Per channel value = (x · scale − mean) / std, with x in 0..255 and channels in the order of `color`."""

    layout: str | None = None
    """As of the model's input, e.g. "NCHW"; None where the model says it. That of a loaded model is its input's."""
    color: str = "RGB"
    height: int | None = None
    """Rows that the model sees; None where any number goes."""
    width: int | None = None
    resize: str = "none"
    """"short_side" (to `resize_size`, then center crop), "exact" (squeezed), "letterbox" (padded) or "none"."""
    resize_size: int | None = None
    """For "short_side"; where the crop would not fit, the image is made larger until it does."""
    interpolation: str = "bilinear"
    letterbox_fill: int = 114
    letterbox_align: str = "center"
    scale: float = 1.0
    mean: tuple[float, ...] = (0.0,)
    """One value per channel, or one for all."""
    std: tuple[float, ...] = (1.0,)
    dtype: Dtype = Dtype("float32")
    source: str = "given by the caller"
    """Where each part came from, for people."""
    assumed: tuple[str, ...] = ()
    """What nothing said and was assumed, e.g. "color RGB"."""

    def __post_init__(self) -> None:
        for one in fields(self):
            object.__setattr__(self, one.name, _typed(one.name, getattr(self, one.name)))
        if self.layout is not None and not is_layout(self.layout):
            raise _invalid("layout", self.layout, "one of " + ", ".join(USUAL))
        if self.dtype not in DATATYPES:
            raise _invalid("dtype", self.dtype, "one of " + ", ".join(DATATYPES))
        if not 0 <= self.letterbox_fill <= 255:
            raise _invalid("letterbox_fill", self.letterbox_fill, "a number from 0 to 255")
        _one_of("color", self.color, COLORS)
        _one_of("resize", self.resize, RESIZE_MODES)
        _one_of("interpolation", self.interpolation, INTERPOLATIONS)
        _one_of("letterbox_align", self.letterbox_align, ALIGNMENTS)
        self._require_sides()
        if not isfinite(self.scale) or self.scale == 0:
            raise _invalid("scale", self.scale, "a finite number other than 0")
        if not all(isfinite(value) for value in self.mean):
            raise _invalid("mean", self.mean, "finite numbers")
        if not all(isfinite(value) and value != 0 for value in self.std):
            raise _invalid("std", self.std, "finite numbers other than 0")
        for name in ("mean", "std"):
            if self.channels is not None and len(getattr(self, name)) not in (1, self.channels):
                raise _invalid(name, getattr(self, name), f"1 or {self.channels} numbers for {self.color}")

    def _require_sides(self) -> None:
        for name in ("height", "width", "resize_size"):
            value = getattr(self, name)
            if value is not None and not 1 <= value <= MOST_PIXELS:
                raise _invalid(name, value, f"a positive number of pixels, of at most {MOST_PIXELS:,}")
        if self.height and self.width and self.height * self.width > MOST_PIXELS:
            sides = f"{self.height:,} × {self.width:,}"
            raise _invalid("height", sides, f"so that height × width are at most {MOST_PIXELS:,} pixels")

    @property
    def channels(self) -> int | None:
        """How many channels a picture has after this; None where its channels are no colors, and stay as they are."""
        return {"GRAY": 1, "RGBA": 4, "NONE": None}.get(self.color, 3)

    def __str__(self) -> str:
        """Say in a line what happens to a picture."""
        sizes = [self.height, self.width]
        size = f" to {sizes[0] or 'any'}×{sizes[1] or 'any'}" if any(sizes) else ""
        short = f", short side {self.resize_size}" if self.resize == "short_side" and self.resize_size else ""
        resized = (
            "not resized" if self.resize == "none" else f"{self.resize}{size}{short}, {self.interpolation}"
        )
        scale = next(
            (text for value, text in _SCALES.items() if isclose(value, self.scale)), f"{self.scale:g}"
        )
        mean, std = (", ".join(f"{value:g}" for value in values) for values in (self.mean, self.std))
        return f"{self.color}; {resized}; (pixel · {scale} − [{mean}]) / [{std}]"

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form, which `from_json` reads back."""
        return {
            "layout": self.layout,
            "color": self.color,
            "resize": {
                "mode": self.resize,
                "size": self.resize_size,
                "interpolation": self.interpolation,
                "fill": self.letterbox_fill,
                "align": self.letterbox_align,
            },
            "crop": {"height": self.height, "width": self.width},
            "scale": self.scale,
            "mean": list(self.mean),
            "std": list(self.std),
            "dtype": self.dtype,
            "source": self.source,
            "assumed": list(self.assumed),
        }

    @classmethod
    def from_json(cls, given: PreprocessingLike) -> Preprocessing:
        """Return the preprocessing that the JSON form or a preset describes; missing keys keep their defaults."""
        told = given.get("source") if isinstance(given, Mapping) else None
        return cls().override(given, source="given by the caller" if told is None else str(told))

    def override(self, given: PreprocessingLike, *, source: str) -> Preprocessing:
        """Return a copy in which only the keys that are given are replaced; `source` names where they came from.

        A mean or std without a scale decides the scale: 1/255 where none of them is larger than 5, so that they are of
        values in 0..1, else 1. `assumed` says so.
        """
        changes = flatten(given)
        changes.pop("source", None)
        told = changes.pop("assumed", None)
        kept = tuple(text for text in self.assumed if text.split(" ")[0] not in changes)
        implied = implied_scale(changes)
        if implied is not None:
            scale, said = implied
            kept = (*(text for text in kept if not text.startswith("scale ")), said)
            changes["scale"] = scale
        return replace(self, **changes, source=source, assumed=kept if told is None else told)


def implied_scale(flat: Mapping[str, Any]) -> tuple[float, str] | None:
    """Return the scale that a mean or std without one implies, and how `assumed` says it; None where it is given."""
    values = [abs(value) for name in ("mean", "std") for value in flat.get(name, ())]
    if not values or "scale" in flat:
        return None
    if max(values) <= LARGEST_OF_UNIT:
        return TO_UNIT, "scale 1/255 (mean and std are given as of values in 0..1)"
    return 1.0, "scale 1 (mean and std are given as of values in 0..255)"


def require_known_keys(flat: Mapping[str, Any]) -> None:
    """Raise InvalidInputError for a key that Preprocessing does not have, with the nearest that it has."""
    known = {field.name for field in fields(Preprocessing)}
    unknown = sorted(set(flat) - known)
    if unknown:
        raise InvalidInputError(
            f"Preprocessing has no key {unknown[0]!r}. "
            f"Known: preset, layout, color, resize, crop, scale, mean, std, dtype.{_near(unknown[0])}",
            field=f"preprocessing.{unknown[0]}",
        )


_NESTED: Mapping[str, Mapping[str, str]] = {
    "resize": {
        "mode": "resize",
        "size": "resize_size",
        "interpolation": "interpolation",
        "fill": "letterbox_fill",
        "align": "letterbox_align",
    },
    "crop": {"height": "height", "width": "width"},
}
"""The JSON form's objects: by key, the field that each of their keys is."""


def flatten(given: PreprocessingLike) -> dict[str, Any]:
    """Turn the JSON form, or a preset's name, into known fields of Preprocessing with their types.

    Nested objects are opened, and a preset's fields stand where no key says otherwise. InvalidInputError names a key
    that is unknown, or the value of one that is of another type.
    """
    if isinstance(given, str):
        return dict(require_preset(given))
    if not isinstance(given, Mapping):
        raise InvalidInputError(
            f"preprocessing is of type {type(given).__name__}; it must be an object with keys such as scale, mean and "
            f"std, or a preset: {', '.join(PRESETS)}.",
            field="preprocessing",
        )
    flat: dict[str, Any] = {}
    for key in given:
        require_text(key, field="preprocessing")
    for key, value in given.items():
        inner = _NESTED.get(key)
        if inner is not None and isinstance(value, Mapping):
            flat |= {inner.get(name, f"{key}.{name!s}"): item for name, item in value.items()}
        elif key == "crop":
            raise _invalid(key, value, "an object with height and width")
        elif key != "preset":
            flat[key] = value
    require_known_keys(flat)
    typed = {key: _typed(key, value) for key, value in flat.items()}
    return {**require_preset(given["preset"]), **typed} if "preset" in given else typed


def _typed(key: str, value: Any) -> Any:
    if key in ("mean", "std"):
        return _numbers(key, value)
    if key == "scale":
        return _number(key, value)
    if key in ("height", "width", "resize_size", "letterbox_fill"):
        return None if value is None and key != "letterbox_fill" else _whole(key, value)
    if key == "assumed":
        with naming(f"preprocessing.{key}"):
            texts = None if isinstance(value, str) else as_texts(value)
        if texts is None:
            raise _invalid(key, value, "a list of strings")
        return texts
    if key == "layout" and value is None:
        return None
    if not isinstance(value, str):
        raise _invalid(key, value, "a string")
    return value


def _number(key: str, value: Any) -> float:
    found = as_number(value)
    if found is None:
        raise _invalid(key, value, "a number, or a list of numbers for mean and std")
    return found


def _numbers(key: str, value: Any) -> tuple[float, ...]:
    with naming(f"preprocessing.{key}"):
        items = as_items(value)
    if items is None:
        return (_number(key, value),)
    if not items:
        raise _invalid(key, value, "a number, or a list with one per channel")
    return tuple(_number(key, item) for item in items)


def _whole(key: str, value: Any) -> int:
    found = as_integer(value)
    if found is None:
        raise _invalid(key, value, "a whole number")
    return found


def _near(key: str) -> str:
    inner = [f"{outer}.{name}" for outer, names in _NESTED.items() for name in names]
    own = ["preset", "layout", "color", "resize", "crop", "scale", "mean", "std"]
    return nearest(key, inner if "." in key else own)


def _one_of(name: str, value: str, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise _invalid(
            name, value, f"one of {', '.join(allowed)}.{nearest(value, allowed)}".removesuffix(".")
        )


def _invalid(name: str, value: object, allowed: str) -> InvalidInputError:
    end = "" if allowed.endswith("?") else "."
    return InvalidInputError(
        f"Preprocessing {name} is {in_brief(value)}; it must be {allowed}{end}", field=f"preprocessing.{name}"
    )
