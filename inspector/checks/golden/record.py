"""Record what a model takes and answers, once, so that it can be compared with what it answers later."""

from __future__ import annotations

from collections.abc import Sequence

from inspector.checks.collect import as_numbers, collected
from inspector.engine.run import Run, joined
from inspector.errors import UserError
from inspector.methods.prepared import prepared_parts
from inspector.methods.sets import most_together
from inspector.types.arrays import Array
from inspector.types.golden import MOST_BYTES, Golden
from inspector.types.images import ImageLike
from inspector.types.layers import Layer

ALL = "all"
"""Instead of names of layers: all of them, where none has this name."""


def recorded(run: Run, images: ImageLike, *, layers: Sequence[str] = ()) -> Golden:
    """Return the images as the model takes them, its outputs, and layers; without a header.

    Raises what preparing and running raises, NotFoundError for a layer that there is not, LimitExceededError where all
    of it is more than a golden file holds, InvalidInputError where images or answers do not stack.
    """
    model = run.engine.model
    chosen = _layers(run, layers)
    outputs = [output.name for output in model.outputs]
    tensors = [model.input.name, *outputs, *(layer.output for layer in chosen)]
    parts = prepared_parts(run, images, most=most_together(run))
    found = collected(run, parts, tensors, most_bytes=MOST_BYTES)
    return Golden(
        inputs={model.input.name: _stacked(model.input.name, found[model.input.name])},
        outputs={name: _stacked(name, found[name]) for name in outputs},
        layers={layer.name: _stacked(layer.output, found[layer.output]) for layer in chosen},
    )


def _layers(run: Run, names: Sequence[str]) -> list[Layer]:
    """Return layers by their names, in graph order."""
    model = run.engine.model
    if list(names) == [ALL] and not model.has_layer(ALL):
        return list(model.layers)
    wanted = set()
    for index, name in enumerate(names):
        try:
            wanted.add(model.layer(name).name)
        except UserError as error:
            error.field = f"layers[{index}]"
            raise
    return [layer for layer in model.layers if layer.name in wanted]


def _stacked(name: str, parts: Sequence[Array]) -> Array:
    return as_numbers(joined(name, parts))
