"""What stands for "nothing there": one color in the model's input units, or an image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from inspector.errors import InvalidInputError, in_brief
from inspector.model.spec import OnnxModel
from inspector.types.arrays import Array
from inspector.types.dtypes import held_by, saturated
from inspector.types.layouts import batched, channel_axis, of_one, space_of, spatial_axes

COLORS = {"gray": 127.5, "black": 0.0, "white": 255.0}
"""By name: the value in 0..255 of every channel. In signals and volumes, which have no colors, "gray" is 0."""

Color = Literal["gray", "black", "white"] | float | Sequence[float]
"""A name, or values in the model's input units: one for all channels, or one per channel."""

Baseline = Color | Array
"""A color, or an image as the model's input, without the batch axis."""


def color_values(model: OnnxModel, x: Array, color: Color | Array, *, field: str) -> tuple[float, ...]:
    """Return a color per channel of images (N, …) in the model's input units; InvalidInputError about what is none.

    The error is about `field`, or about the preprocessing where its mean is that of another number of channels.
    """
    axis = channel_axis(batched(model.input.layout))
    channels = 1 if axis is None or axis >= x.ndim else x.shape[axis]
    if isinstance(color, str):
        if color not in COLORS:
            raise InvalidInputError(
                f"{field} is {color!r}; allowed: {', '.join(COLORS)}, or values in the model's input units.",
                field=field,
            )
        if space_of(model.input.layout) in ("L", "DHW"):
            return _of_no_picture(color, channels, field=field)
        spec = model.preprocessing
        for name, values in (("mean", spec.mean), ("std", spec.std)):
            if len(values) not in (1, channels):
                raise InvalidInputError(
                    f"The preprocessing's {name} has {len(values)} values, and the image {channels} channels: no value "
                    f"is known for {color}. Load the model with 1 or {channels} values, or give {field} in its input "
                    "units.",
                    field=f"preprocessing.{name}",
                )
        mean, std = np.asarray(spec.mean, np.float64), np.asarray(spec.std, np.float64)
        plain = np.broadcast_to((COLORS[color] * spec.scale - mean) / std, channels)
        return tuple(float(v) for v in saturated(plain, model.input.dtype))
    given = [float(v) for v in np.atleast_1d(np.asarray(color, np.float64))]
    if len(given) not in (1, channels) or not np.all(np.isfinite(given)):
        raise InvalidInputError(
            f"{field} has {len(given)} values ({in_brief(color)}); give one finite number, or one per channel "
            f"({channels}).",
            field=field,
        )
    for value in given:
        _require_held(np.asarray(value), model.input.dtype, field=field)
    return tuple(given * channels if len(given) == 1 else given)


def _of_no_picture(color: str, channels: int, *, field: str) -> tuple[float, ...]:
    """Return what stands for nothing in a signal or a volume, which has no colors: 0, unless it is given."""
    if color != "gray":
        raise InvalidInputError(
            f"{field} is {color!r}, but the model's input is no picture; give values in its units.",
            field=field,
        )
    return (0.0,) * channels


def baseline_image(model: OnnxModel, x: Array, baseline: Baseline, *, field: str) -> Array:
    """Return one image (1, …) like the images `x`: of one color, or the one that is given."""
    if isinstance(baseline, np.ndarray) and baseline.ndim > 1:
        return _checked(baseline, x, field=field)
    values = np.asarray(color_values(model, x, baseline, field=field), x.dtype)
    return np.broadcast_to(over_image(model, values), (1, *x.shape[1:])).copy()


def over_image(model: OnnxModel, values: Array) -> Array:
    """Return values per channel in a shape that broadcasts over one image of the model's layout."""
    layout = of_one(model.input.layout)
    axis = channel_axis(layout)
    if axis is None or not spatial_axes(layout):
        return values[:1]
    return values.reshape([-1 if place == axis else 1 for place in range(len(layout))])


def _checked(image: Array, x: Array, *, field: str) -> Array:
    if image.shape != x.shape[1:]:
        raise InvalidInputError(
            f"{field} has the shape {image.shape}; an image of the model's input has {x.shape[1:]}.",
            reason="INVALID_SHAPE",
            field=field,
        )
    if not np.isfinite(image).all():
        raise InvalidInputError(
            f"{field} holds NaN or infinity; all values must be finite.", reason="NOT_FINITE", field=field
        )
    return _require_held(image, x.dtype.name, field=field)[None]


def _require_held(values: Array, dtype: str, *, field: str) -> Array:
    """Return values as the model's input has them; InvalidInputError where its type cannot hold one."""
    found = held_by(values, dtype)
    if found is not None:
        return found
    shown = next(float(one) for one in values.reshape(-1) if held_by(np.asarray(one), dtype) is None)
    kind = np.dtype(dtype)
    ends: Any = np.finfo(kind) if kind.kind == "f" else np.iinfo(kind)
    what = "numbers" if kind.kind == "f" else "whole numbers"
    raise InvalidInputError(
        f"{field} is {shown:g}, which this model's input, of {dtype}, cannot hold; allowed are {what} from "
        f"{ends.min} to {ends.max}.",
        reason="OUT_OF_RANGE",
        field=field,
    )
