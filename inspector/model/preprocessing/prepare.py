"""Whatever the caller gives (files, pictures, arrays) to one batch in the model's dtype and layout."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from inspector.errors import InvalidInputError
from inspector.model.preprocessing.images import apply_preprocessing, decode_image
from inspector.model.spec import OnnxModel
from inspector.types.arrays import Array


def prepare(model: OnnxModel, x: object) -> Array:
    """Return `x` as a batch (N, ...) in the model's input dtype and layout.

    A path, encoded bytes, a PIL image and a uint8 array (H, W, 3) or (H, W) in RGB are decoded and
    preprocessed. A float array of the input's shape, with or without the batch axis, is used as it is; so
    is a uint8 array where that is the model's own type and it has the input's rank. A list or tuple of
    those is a batch. InvalidInputError names what does not fit: shape, dtype, NaN or Inf.
    """
    if isinstance(x, (list, tuple)):
        return _batch(model, x)
    if isinstance(x, (str, Path, bytes, bytearray, memoryview)):
        source = x if isinstance(x, (str, Path)) else bytes(x)
        return _image(model, decode_image(source, limits=model.limits))
    if isinstance(x, Image.Image):
        return _image(model, decode_image(x, limits=model.limits))
    if isinstance(x, np.ndarray):
        return _array(model, x)
    raise InvalidInputError(
        f"An input of type {type(x).__name__} is not understood. Give a path, encoded bytes, a PIL image, "
        "an array, "
        "or a list of those.",
        field="input",
    )


def _batch(model: OnnxModel, items: Sequence[object]) -> Array:
    if not items:
        raise InvalidInputError("The list of inputs is empty; give at least one image.", field="input")
    prepared = [prepare(model, item) for item in items]
    sizes = {batch.shape[1:] for batch in prepared}
    if len(sizes) > 1:
        raise InvalidInputError(
            f"The inputs differ in size: {', '.join(map(str, sorted(sizes)))}. One batch has one size.",
            field="input",
        )
    return np.concatenate(prepared)


def _array(model: OnnxModel, array: Array) -> Array:
    rank = len(model.input.shape)
    is_own = array.dtype == model.input.dtype
    if array.dtype == np.uint8 and array.ndim in (2, 3) and model.input.layout != "NC":
        fits = is_own and array.ndim == rank - 1 and _mismatch(model, array[None]) is None
        if not fits:
            return _image(model, _as_rgb(array))
    if not (is_own or np.issubdtype(array.dtype, np.floating)):
        raise InvalidInputError(
            f"The array is {array.dtype}; this model takes {model.input.dtype}, or pictures as uint8 (H, W, "
            "3).",
            field="input.dtype",
        )
    batch = array[None] if array.ndim == rank - 1 else array
    problem = _mismatch(model, batch)
    if problem:
        raise InvalidInputError(problem, field="input.shape")
    if np.issubdtype(batch.dtype, np.floating) and not np.isfinite(batch).all():
        raise InvalidInputError("The array contains NaN or Inf; all values must be finite.", field="input")
    converted = np.ascontiguousarray(batch, model.input.dtype)
    if np.issubdtype(converted.dtype, np.floating) and not np.isfinite(converted).all():
        raise InvalidInputError(f"The array has values that {model.input.dtype} cannot hold.", field="input")
    return converted


def _mismatch(model: OnnxModel, batch: Array) -> str | None:
    """Say how a batch's shape differs from the declared one, the batch axis aside; None where it fits."""
    declared = model.input.shape
    wanted = "×".join(["N", *("any" if not isinstance(size, int) else str(size) for size in declared[1:])])
    if batch.ndim != len(declared):
        return f"The array has shape {batch.shape}; this model takes {wanted} ({model.input.layout})."
    if any(
        isinstance(size, int) and size != given
        for size, given in zip(declared[1:], batch.shape[1:], strict=True)
    ):
        return f"The array has shape {batch.shape}; this model takes {wanted} ({model.input.layout})."
    if batch.size == 0:
        return f"The array is empty: its shape is {batch.shape}. Give at least one image."
    return None


def _as_rgb(array: Array) -> npt.NDArray[np.uint8]:
    if array.size == 0:
        raise InvalidInputError(f"The picture is empty: {array.shape}.", field="input.shape")
    if array.ndim == 2:
        return np.repeat(array[:, :, None], 3, axis=2)
    if array.shape[2] == 1:
        return np.repeat(array, 3, axis=2)
    if array.shape[2] == 3:
        return array
    raise InvalidInputError(
        f"The uint8 array has shape {array.shape}; a picture is (H, W, 3) in RGB or (H, W) in gray.",
        field="input.shape",
    )


def _image(model: OnnxModel, image: npt.NDArray[np.uint8]) -> Array:
    spec = model.preprocessing
    channels = model.input.channels
    if model.input.layout != "NC" and channels is not None and channels != spec.channels:
        raise InvalidInputError(
            f"This model's input has {channels} channels; a picture gives {spec.channels} ({spec.color}). "
            "Give a float array of the input's shape.",
            field="input",
        )
    prepared = apply_preprocessing(image, spec)[None]
    problem = _mismatch(model, prepared)
    if problem:
        raise InvalidInputError(f"The preprocessing does not fit the model: {problem}", field="preprocessing")
    return np.ascontiguousarray(prepared, model.input.dtype)
