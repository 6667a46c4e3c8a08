"""Values that are NaN or infinite: where they first arise, and the error where something must be chosen among them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inspector.engine.engine import Engine
from inspector.errors import InvalidInputError
from inspector.model.spec import Layer
from inspector.runtime.cancel import Cancellation
from inspector.types.arrays import Array

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


def find_origin(engine: Engine, image: Array, *, cancellation: Cancellation | None = None) -> Origin | None:
    """Run all layers on one (1, …) image and return where values that are not finite begin, if any are not."""
    layers = [layer for layer in engine.model.layers if layer.dtype in _FLOATS]
    found = engine.run(image, [layer.output for layer in layers], cancellation=cancellation)
    for layer in layers:
        values = found[layer.output]
        if count := not_finite(values):
            return Origin(layer=layer, count=count, size=values.size)
    return None


def is_choosable(values: Array) -> bool:
    """Tell whether there is a largest value: −∞ never is one, and masks use it."""
    return not (np.isnan(values).any() or np.isposinf(values).any())


def no_choice(what: str, *, origin: Origin | None = None) -> InvalidInputError:
    """Return the error for scores or activations among which there is no largest one."""
    begins = f" They begin in {origin}." if origin is not None else ""
    return InvalidInputError(
        f"The model answers NaN or infinity on this image, so {what} cannot be chosen.{begins} Check the "
        "preprocessing, above all the range of values.",
        reason="ANSWER_NOT_FINITE",
        field="images",
    )
