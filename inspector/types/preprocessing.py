"""How an image becomes the model's input: plain data with a JSON form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from math import isfinite
from typing import Any

from inspector.errors import InvalidInputError
from inspector.types.dtypes import Dtype
from inspector.types.layouts import USUAL, is_layout

COLORS = ("RGB", "BGR", "GRAY", "RGBA", "NONE")
"""RGBA: four channels, the last of them how opaque a pixel is; NONE: channels that are no colors."""
RESIZE_MODES = ("short_side", "exact", "letterbox", "none")
INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos")
ALIGNMENTS = ("center", "top_left")


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
        if self.layout is not None and not is_layout(self.layout):
            raise _invalid("layout", self.layout, "one of " + ", ".join(USUAL))
        _one_of("color", self.color, COLORS)
        _one_of("resize", self.resize, RESIZE_MODES)
        _one_of("interpolation", self.interpolation, INTERPOLATIONS)
        _one_of("letterbox_align", self.letterbox_align, ALIGNMENTS)
        for name in ("height", "width", "resize_size"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise _invalid(name, value, "a positive number of pixels")
        if not isfinite(self.scale) or self.scale == 0:
            raise _invalid("scale", self.scale, "a finite number other than 0")
        if not all(isfinite(value) for value in self.mean):
            raise _invalid("mean", self.mean, "finite numbers")
        if not all(isfinite(value) and value != 0 for value in self.std):
            raise _invalid("std", self.std, "finite numbers other than 0")
        for name in ("mean", "std"):
            if self.channels is not None and len(getattr(self, name)) not in (1, self.channels):
                raise _invalid(name, getattr(self, name), f"1 or {self.channels} numbers for {self.color}")

    @property
    def channels(self) -> int | None:
        """How many channels a picture has after this; None where its channels are no colors, and stay as they are."""
        return {"GRAY": 1, "RGBA": 4, "NONE": None}.get(self.color, 3)

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
    def from_json(cls, mapping: Mapping[str, Any]) -> Preprocessing:
        """Return the preprocessing that a JSON object describes; missing keys keep their defaults."""
        return cls().override(mapping, source=str(mapping.get("source", "given by the caller")))

    def override(self, mapping: Mapping[str, Any], *, source: str) -> Preprocessing:
        """Return a copy in which only the keys of `mapping` are replaced; `source` names where they came from."""
        changes = flatten(mapping)
        changes.pop("source", None)
        require_known_keys(changes)
        assumed = changes.pop("assumed", None)
        kept = tuple(text for text in self.assumed if text.split(" ")[0] not in changes)
        return replace(self, **changes, source=source, assumed=kept if assumed is None else assumed)


def require_known_keys(flat: Mapping[str, Any]) -> None:
    """Raise InvalidInputError for a key that Preprocessing does not have."""
    unknown = sorted(set(flat) - {field.name for field in fields(Preprocessing)})
    if unknown:
        raise InvalidInputError(
            f"Preprocessing has no key {unknown[0]!r}. "
            "Known: layout, color, resize, crop, scale, mean, std, dtype.",
            field=f"preprocessing.{unknown[0]}",
        )


def flatten(mapping: Mapping[str, Any]) -> dict[str, Any]:
    """Turn the JSON form's nested "resize" and "crop" into the fields of Preprocessing, with their types."""
    flat: dict[str, Any] = {}
    for key, value in mapping.items():
        if key == "resize" and isinstance(value, Mapping):
            names = {
                "mode": "resize",
                "size": "resize_size",
                "interpolation": "interpolation",
                "fill": "letterbox_fill",
                "align": "letterbox_align",
            }
            flat |= {names.get(inner, f"resize.{inner}"): item for inner, item in value.items()}
        elif key == "crop" and isinstance(value, Mapping):
            flat |= {
                inner if inner in ("height", "width") else f"crop.{inner}": item
                for inner, item in value.items()
            }
        else:
            flat[key] = value
    return {key: _typed(key, value) for key, value in flat.items()}


def _typed(key: str, value: Any) -> Any:
    try:
        if key in ("mean", "std"):
            return tuple(float(item) for item in (value if isinstance(value, Sequence) else (value,)))
        if key == "scale":
            return float(value)
        if key in ("height", "width", "resize_size", "letterbox_fill"):
            return None if value is None else int(value)
        if key == "assumed":
            return tuple(str(item) for item in value)
    except (TypeError, ValueError) as error:
        raise _invalid(key, value, "a number, or a list of numbers for mean and std") from error
    if key == "layout" and value is None:
        return None
    if not isinstance(value, str) and key in ("layout", "color", "resize", "interpolation", "dtype"):
        raise _invalid(key, value, "a string")
    return value


def _one_of(name: str, value: str, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise _invalid(name, value, "one of " + ", ".join(allowed))


def _invalid(name: str, value: object, allowed: str) -> InvalidInputError:
    return InvalidInputError(
        f"Preprocessing {name} is {value!r}; it must be {allowed}.", field=f"preprocessing.{name}"
    )
