"""What stands for "nothing there": one color in the model's input units, or an image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from inspector.errors import InvalidInputError, in_brief
from inspector.model.spec import OnnxModel
from inspector.types.arrays import Array
from inspector.types.dtypes import held_by, saturated

COLORS = {"gray": 127.5, "black": 0.0, "white": 255.0}
"""By name: the value in 0..255 of every channel."""

Color = Literal["gray", "black", "white"] | float | Sequence[float]
"""A name, or values in the model's input units: one for all channels, or one per channel."""

Baseline = Color | Array
"""A color, or an image as the model's input, without the batch axis."""


def color_values(model: OnnxModel, color: Color | Array, *, field: str) -> tuple[float, ...]:
    """Return a color per channel in the model's input units; InvalidInputError about `field` for what is none."""
    channels = model.input.channels or 1
    if isinstance(color, str):
        if color not in COLORS:
            raise InvalidInputError(
                f"{field} is {color!r}; allowed: {', '.join(COLORS)}, or values in the model's input units.",
                field=field,
            )
        spec = model.preprocessing
        mean = np.broadcast_to(np.asarray(spec.mean, np.float64), channels)
        std = np.broadcast_to(np.asarray(spec.std, np.float64), channels)
        named = saturated((COLORS[color] * spec.scale - mean) / std, model.input.dtype)
        return tuple(float(v) for v in named)
    values = [float(v) for v in np.atleast_1d(np.asarray(color, np.float64))]
    if len(values) not in (1, channels) or not np.all(np.isfinite(values)):
        raise InvalidInputError(
            f"{field} has {len(values)} values ({in_brief(color)}); give one finite number, or one per channel "
            f"({channels}).",
            field=field,
        )
    for value in values:
        _require_held(np.asarray(value), model.input.dtype, field=field)
    return tuple(values * channels if len(values) == 1 else values)


def baseline_image(model: OnnxModel, x: Array, baseline: Baseline, *, field: str) -> Array:
    """Return one image (1, …) like the images `x`: of one color, or the one that is given."""
    if isinstance(baseline, np.ndarray) and baseline.ndim > 1:
        return _checked(baseline, x, field=field)
    values = np.asarray(color_values(model, baseline, field=field), x.dtype)
    layout = model.input.layout
    shaped = values[:, None, None] if layout == "NCHW" else values if layout == "NHWC" else values[:1]
    return np.broadcast_to(shaped, (1, *x.shape[1:])).copy()


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
