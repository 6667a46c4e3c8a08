"""Values that are NaN or infinite: where they first arise, and the error where something must be chosen among them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inspector.engine.run import Run
from inspector.errors import InvalidInputError, WholePath
from inspector.types.arrays import Array
from inspector.types.layers import Layer

_FLOATS = ("float16", "float32", "float64")


@dataclass(frozen=True, kw_only=True)
class Origin:
    """The first layer, in graph order, that gives values that are not finite."""

    layer: Layer
    count: int
    size: int

    def __str__(self) -> str:
        return f"layer {self.layer.name!r} ({self.layer.op_type}; {self.count:,} of its {self.size:,} values)"


def not_finite(values: Array) -> int:
    """Return how many values are NaN or infinite."""
    return int(values.size - np.count_nonzero(np.isfinite(values)))


def find_origin(run: Run, image: Array) -> Origin | None:
    """Look at the layers of one (1, …) image in their order, up to the first whose values are not all finite."""
    layers = {layer.output: layer for layer in run.engine.model.layers if layer.dtype in _FLOATS}
    for _, found in run.scan(image, list(layers)):
        for tensor, values in found.items():
            if count := not_finite(values):
                return Origin(layer=layers[tensor], count=count, size=values.size)
    return None


def is_choosable(values: Array) -> bool:
    """Return whether there is a largest value: −∞ never is one, and masks use it; among no values there is none."""
    if not values.size:
        return False
    with np.errstate(invalid="ignore"):  # bfloat16 warns of it
        return bool(values.max() < np.inf)  # of NaN it is NaN, which is not less


def no_choice(what: str, *, values: Array | None = None, origin: Origin | None = None) -> InvalidInputError:
    """Return the error for scores or activations among which there is no largest one."""
    if values is not None and not values.size:
        return nothing_found(what)
    begins = f" They begin in {origin}." if origin is not None else ""
    return InvalidInputError(
        f"The model answers NaN or infinity on this image, so {what} cannot be chosen.{begins} Check the "
        "preprocessing, above all the range of values.",
        reason="ANSWER_NOT_FINITE",
        field=WholePath("images"),
    )


def nothing_found(what: str) -> InvalidInputError:
    """Return the error for an image on which a model that gives what it finds, such as boxes, has found nothing."""
    return InvalidInputError(
        f"The model found nothing on this image: it gives an empty tensor, so {what} cannot be chosen. Give another "
        "image, or explain a tensor that is never empty, such as the scores before the selection.",
        reason="NOTHING_FOUND",
        field=WholePath("images"),
    )
