"""Whether a result has room where it goes: asked before it is computed."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod

from inspector.engine.run import Run
from inspector.types.arrays import Array
from inspector.types.layers import Layer


def require_layers_fit(run: Run, layers: Iterable[Layer], *, images: int) -> None:
    """Raise LimitExceededError where the layers' values, as far as their shapes are known, have no room."""
    values = sum(prod(size for size in layer.shape if isinstance(size, int)) for layer in layers)
    run.control.require_room(4 * values * images, what=f"The layers' values for {images} images")


def require_maps_fit(run: Run, inputs: Array, *, maps: int) -> None:
    """Raise LimitExceededError where so many maps, and the inputs, have no room."""
    size = inputs.nbytes + maps * 4 * inputs[0].size
    run.control.require_room(size, what=f"{maps} maps of shape {inputs.shape[1:]}, and the inputs")


def require_pictures_fit(run: Run, image: Array, *, pictures: int) -> None:
    """Raise LimitExceededError where so many pictures like an image (1, …), and their exact inputs, have no room."""
    run.control.require_room(
        pictures * 7 * image.size, what=f"{pictures} pictures of shape {image.shape[1:]}"
    )
