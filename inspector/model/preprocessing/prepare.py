"""Whatever the caller gives (files, pictures, arrays) to one batch in the model's dtype and layout."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from os import PathLike
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from inspector.errors import InspectorError, InvalidInputError
from inspector.model.checks.limits import require_at_most
from inspector.model.preprocessing.images import apply_preprocessing, decode_image
from inspector.model.spec import OnnxModel
from inspector.types.array_files import is_array_file, read_array_file
from inspector.types.arrays import Array
from inspector.types.control import Cancellation
from inspector.types.dtypes import held_by
from inspector.types.images import MOST_LISTS, ImageLike, Prepared
from inspector.types.layouts import batched, of_one, space_of
from inspector.types.sources import as_source


def prepare(model: OnnxModel, images: ImageLike, *, cancellation: Cancellation | None = None) -> Prepared:
    """Return images as a batch (N, ...) in the model's input dtype and layout; a Prepared one that fits as it is.

    A path of a .npy or .npz file is the array in it. Another path, encoded bytes, a PIL image and a uint8 array
    (H, W, 3) or (H, W) in RGB are decoded and preprocessed. A float array of the input's shape, with or without the
    batch axis, is used as it is; so is a uint8 array where that is the model's own type and it has the input's rank. A
    list or tuple of those, or of lists of those, is a batch. InvalidInputError names what does not fit (shape, dtype,
    NaN or Inf), and which image; between two images of a list a cancelled token raises CancelledError.
    """
    if isinstance(images, Prepared):
        _require_prepared(model, images.values, field="images")
        return images
    values = _prepare(model, images, field="images", token=cancellation or Cancellation())
    return Prepared(values, from_pictures=_has_picture(model, images))


def _has_picture(model: OnnxModel, images: ImageLike) -> bool:
    """Return whether any of the images is preprocessed."""
    match images:
        case list() | tuple():
            return any(_has_picture(model, one) for one in images)
        case Prepared():
            return images.from_pictures
        case np.ndarray():
            return _is_picture(model, images)
        case str() | PathLike() if is_array_file(path := Path(images)):
            return _is_picture(model, read_array_file(path))
    return True


def _prepare(
    model: OnnxModel, images: ImageLike, *, field: str, token: Cancellation, depth: int = 0
) -> Array:
    token.raise_if_cancelled()
    match images:
        case list() | tuple():
            if depth == MOST_LISTS:
                raise InvalidInputError(
                    f"Lists lie within lists more than {MOST_LISTS} deep; give a list of images.",
                    field="images",
                )
            return _batch(model, images, field=field, token=token, depth=depth + 1)
        case Prepared():
            _require_prepared(model, images.values, field=field)
            return images.values
        case str() | PathLike() | bytes() | bytearray() | memoryview():
            source = as_source(images)
            if isinstance(source, Path) and is_array_file(source):
                with _about(field):
                    images = read_array_file(source, max_bytes=model.limits.max_image_bytes)
                return _array(model, images, field=field)
            return _image(model, _decoded(model, source, field=field), field=field)
        case Image.Image():
            return _image(model, _decoded(model, images, field=field), field=field)
        case np.ndarray():
            return _array(model, images, field=field)
    raise InvalidInputError(
        f"An input of type {type(images).__name__} is not understood. Give a path, encoded bytes, a PIL image, "
        "an array, "
        "or a list of those.",
        field=field,
    )


def _decoded(
    model: OnnxModel, source: str | Path | bytes | Image.Image, *, field: str
) -> npt.NDArray[np.uint8]:
    with _about(field):
        return decode_image(source, limits=model.limits, has_alpha=model.preprocessing.color == "RGBA")


@contextmanager
def _about(field: str) -> Iterator[None]:
    """Let an error name the image that it is about: which one of the request's, its reader cannot know."""
    try:
        yield
    except InspectorError as error:
        error.field = field
        raise


def _batch(
    model: OnnxModel, items: Sequence[object], *, field: str, token: Cancellation, depth: int
) -> Array:
    if not items:
        raise InvalidInputError("The list of inputs is empty; give at least one image.", field=field)
    prepared: list[Array] = []
    for index, item in enumerate(items):
        prepared.append(_prepare(model, item, field=f"{field}[{index}]", token=token, depth=depth))
        if not index:  # all will have its size
            require_at_most(
                prepared[0].nbytes * len(items),
                model.limits,
                what=f"The size of {len(items)} images like the first in bytes",
                name="max_input_bytes",
            )
    sizes = {batch.shape[1:] for batch in prepared}
    if len(sizes) > 1:
        raise InvalidInputError(
            f"The inputs differ in size: {', '.join(map(str, sorted(sizes)))}. One batch has one size.",
            field=field,
        )
    return np.concatenate(prepared)


def _array(model: OnnxModel, array: Array, *, field: str) -> Array:
    rank = len(model.input.image_shape)
    is_own = array.dtype == model.input.dtype
    if _is_picture(model, array):
        return _image(model, _as_picture(model, array, field=field), field=field)
    are_codes = array.dtype.kind in "iu" and np.dtype(model.input.dtype).kind in "iu"
    if not (is_own or are_codes or np.issubdtype(array.dtype, np.floating)):
        raise InvalidInputError(
            f"The array is {array.dtype}; this model takes {model.input.dtype}, or pictures as uint8 (H, W, "
            "3).",
            field=field,
        )
    batch = array[None] if array.ndim == rank else array
    _require_fitting(model, batch, field=field)
    converted = held_by(batch, model.input.dtype)
    if converted is None:
        raise InvalidInputError(
            f"The array has values that {model.input.dtype} cannot hold, such as "
            f"{_unheld(batch, model.input.dtype):g}. Round and clip them, or give a picture as uint8.",
            reason="OUT_OF_RANGE",
            field=field,
        )
    return np.ascontiguousarray(converted)


def _unheld(batch: Array, dtype: str) -> float:
    """Return the first value that a type cannot hold."""
    return next(float(value) for value in batch.reshape(-1) if held_by(np.asarray(value), dtype) is None)


def _is_picture(model: OnnxModel, array: Array) -> bool:
    """Return whether an array is a picture, which is preprocessed, and not an input as the model takes it."""
    if array.dtype != np.uint8 or array.ndim not in (2, 3) or space_of(model.input.layout) != "HW":
        return False
    is_own = array.dtype == model.input.dtype and array.ndim == len(model.input.image_shape)
    return not (is_own and _mismatch(model, array[None]) is None)


def _require_prepared(model: OnnxModel, values: Array, *, field: str) -> None:
    """Raise InvalidInputError for a batch that is not as this model takes it, such as another model's."""
    if not isinstance(values, np.ndarray) or values.dtype != model.input.dtype:
        given = values.dtype if isinstance(values, np.ndarray) else f"a {type(values).__name__}"
        raise InvalidInputError(
            f"The prepared batch is {given}; this model takes {model.input.dtype}.", field=field
        )
    _require_fitting(model, values, field=field)


def _require_fitting(model: OnnxModel, batch: Array, *, field: str) -> None:
    """Raise InvalidInputError for a batch of another shape, or with values that are not finite."""
    problem = _mismatch(model, batch)
    if problem:
        raise InvalidInputError(problem, field=field)
    if not _is_finite(batch):
        raise InvalidInputError("The array contains NaN or Inf; all values must be finite.", field=field)


def _is_finite(values: Array) -> bool:
    return not np.issubdtype(values.dtype, np.floating) or bool(np.isfinite(values).all())


def _mismatch(model: OnnxModel, batch: Array) -> str | None:
    """Say how a batch's shape differs from the declared one, the batch axis aside; None where it fits."""
    declared = list(model.input.image_shape)
    layout, channels = of_one(model.input.layout), model.input.channels
    if channels is not None and len(declared) == len(layout) and "C" in layout:
        declared[layout.index("C")] = channels
    wanted = "×".join(["N", *("any" if not isinstance(size, int) else str(size) for size in declared)])
    if batch.ndim != len(declared) + 1 or any(
        isinstance(size, int) and size != given for size, given in zip(declared, batch.shape[1:], strict=True)
    ):
        return (
            f"The array has shape {batch.shape}; this model takes {wanted} ({batched(model.input.layout)})."
        )
    if batch.size == 0:
        return f"The array is empty: its shape is {batch.shape}. Give at least one image."
    return None


def _as_picture(model: OnnxModel, array: Array, *, field: str) -> npt.NDArray[np.uint8]:
    """Return a uint8 array as a picture: (H, W, 3), or with as many channels as a model takes whose are no colors."""
    if array.size == 0:
        raise InvalidInputError(f"The picture is empty: {array.shape}.", field=field)
    color, channels = model.preprocessing.color, model.input.channels
    given = array[:, :, None] if array.ndim == 2 else array
    if color == "NONE" and given.shape[2] == channels:
        return given
    if given.shape[2] == 1:
        given = np.repeat(given, 3, axis=2)
    if given.shape[2] == 3 or (color == "RGBA" and given.shape[2] == 4):
        return given
    also = {"RGBA": ", (H, W, 4) in RGBA", "NONE": f", (H, W, {channels}) with the model's channels"}
    raise InvalidInputError(
        f"The uint8 array has shape {array.shape}; a picture is (H, W, 3) in RGB or (H, W) in gray"
        f"{also.get(color, '')}.",
        field=field,
    )


def _image(model: OnnxModel, image: npt.NDArray[np.uint8], *, field: str) -> Array:
    spec = model.preprocessing
    channels = model.input.channels
    given = image.shape[2] if spec.channels is None else spec.channels
    if space_of(model.input.layout) == "HW" and channels is not None and channels != given:
        colors = "RGB" if spec.channels is None else spec.color
        raise InvalidInputError(
            f"This model's input has {channels} channels; a picture gives {given} ({colors}). "
            "Give a float array of the input's shape.",
            field=field,
        )
    _require_size_taken(model)
    with _about(field):
        prepared = apply_preprocessing(image, spec)[None]
    problem = _mismatch(model, prepared)
    if problem:
        raise InvalidInputError(f"The preprocessing does not fit the model: {problem}", field="preprocessing")
    return np.ascontiguousarray(prepared, model.input.dtype)


def _require_size_taken(model: OnnxModel) -> None:
    """Raise InvalidInputError where pictures would be brought to a size that the model does not take."""
    spec, layout, declared = model.preprocessing, of_one(model.input.layout), model.input.image_shape
    if spec.resize == "none" or space_of(model.input.layout) != "HW" or len(layout) != len(declared):
        return
    for axis, side, name in (("H", spec.height, "height"), ("W", spec.width, "width")):
        taken = declared[layout.index(axis)]
        if side is not None and isinstance(taken, int) and side != taken:
            raise InvalidInputError(
                f"The preprocessing does not fit the model: its {name} is {side:,}; this model takes {taken:,}. "
                "Leave it out, or give that.",
                field=f"preprocessing.{name}",
            )
