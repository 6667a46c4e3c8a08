"""Whatever the caller gives (files, pictures, arrays) to one batch in the model's dtype and layout."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from os import PathLike
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from inspector.errors import InvalidInputError
from inspector.model.checks.limits import require_at_most
from inspector.model.preprocessing.images import apply_preprocessing, decode_image
from inspector.model.preprocessing.opening import Source, sizes_told
from inspector.model.preprocessing.ordered import MOST_THREADS, in_order
from inspector.model.preprocessing.planning import (
    Admit,
    ImageShape,
    Planned,
    about,
    differing,
    mismatch,
    picture_shapes,
    require_together,
)
from inspector.model.spec import OnnxModel
from inspector.types.array_files import is_array_file, read_array_file
from inspector.types.arrays import Array
from inspector.types.control import Cancellation
from inspector.types.dtypes import held_by
from inspector.types.images import MOST_LISTS, ImageLike, Prepared, joined
from inspector.types.layouts import space_of
from inspector.types.sources import as_source


def prepare(
    model: OnnxModel,
    images: ImageLike,
    *,
    cancellation: Cancellation | None = None,
    admit: Admit | None = None,
) -> Prepared:
    """Return images as a batch (N, ...) in the model's input dtype and layout; a Prepared one that fits as it is.

    A path of a .npy or .npz file is the array in it. Another path, encoded bytes, a PIL image and a uint8 array
    (H, W, 3) or (H, W) in RGB are decoded and preprocessed. A float array of the input's shape, with or without the
    batch axis, is used as it is; so is a uint8 array where that is the model's own type and it has the input's rank. A
    list or tuple of those, or of lists of those, is a batch.

    What pictures become is known from their headers, and judged before any is decoded: InvalidInputError names what
    does not fit (shape, dtype, NaN or Inf), and which image, LimitExceededError what is too large, and `admit`, which
    is asked about the shapes of single images, may raise. Between two images of a list a cancelled token raises
    CancelledError.
    """
    if isinstance(images, Prepared):
        _require_prepared(model, images.values, field="images")
        return images
    token = cancellation or Cancellation()
    if isinstance(images, np.ndarray):  # alone, as in most calls: what it becomes is known
        token.raise_if_cancelled()
        require_together(model, [_planned(model, images, field="images")], admit=admit)
        return _prepare(model, images, field="images")
    given = list(_leaves(images, field="images", token=token))
    planned = []
    for field, one in given:
        token.raise_if_cancelled()
        planned.append(_planned(model, one, field=field))
    require_together(model, planned, admit=admit)

    def made(one: tuple[str, object]) -> Prepared:
        token.raise_if_cancelled()
        return _prepare(model, one[1], field=one[0])

    batches: list[Prepared] = []
    size = 0
    arrays_alone = all(isinstance(one, np.ndarray | Prepared) for _, one in given)
    threads = 1 if arrays_alone else preparing_threads([one for _, one in given])
    for batch in in_order(made, given, at_once=threads):
        batches.append(batch)
        size += batch.values.nbytes
        require_at_most(  # of a file of an array it is known only now
            size,
            model.limits,
            what=f"The size of the first {len(batches)} inputs in bytes",
            name="max_input_bytes",
        )
    if len(shapes := {batch.values.shape[1:] for batch in batches}) > 1:
        raise differing(shapes)
    return joined(batches)


def planned_shapes(model: OnnxModel, images: ImageLike) -> list[ImageShape]:
    """Return what images become, without the batch axis, as far as it is known before any is decoded.

    Raises what `prepare` raises of what is known then.
    """
    given = _leaves(images, field="images", token=Cancellation())
    return [shape for field, one in given for shape in _planned(model, one, field=field).shapes]


def preparing_threads(images: Sequence[object]) -> int:
    """Return how many threads may prepare images, or lists of them, at a time.

    One where a PIL image is among them: it is decoded when it is first asked, and may be listed more than once.
    """
    return 1 if len(images) < 2 or _has_opened(images) else MOST_THREADS


def _has_opened(images: object, depth: int = 0) -> bool:
    if not isinstance(images, list | tuple):
        return isinstance(images, Image.Image)
    return depth <= MOST_LISTS and any(_has_opened(one, depth + 1) for one in images)


def _leaves(
    images: ImageLike, *, field: str, token: Cancellation, depth: int = 0
) -> Iterator[tuple[str, object]]:
    """Yield (its place, the image) of all images in lists of lists."""
    if not isinstance(images, list | tuple):
        yield field, images
        return
    if depth == MOST_LISTS:
        raise InvalidInputError(
            f"Lists lie within lists more than {MOST_LISTS} deep; give a list of images.",
            field="images",
        )
    if not images:
        raise InvalidInputError("The list of inputs is empty; give at least one image.", field=field)
    for index, one in enumerate(images):
        token.raise_if_cancelled()
        yield from _leaves(one, field=f"{field}[{index}]", token=token, depth=depth + 1)


def _planned(model: OnnxModel, image: object, *, field: str) -> Planned:
    """Return what an image becomes, as far as it is known before it is decoded."""
    match image:
        case np.ndarray() if _is_picture(model, image):
            picture = _as_picture(model, image, field=field)
            sizes = [(picture.shape[0], picture.shape[1])]
            shapes = picture_shapes(model, sizes, channels=picture.shape[2], field=field)
            return Planned(1, shapes)
        case np.ndarray() | Prepared():
            array = image.values if isinstance(image, Prepared) else image
            shape = tuple(getattr(array, "shape", ()))
            if len(shape) == len(model.input.image_shape):
                shape = (1, *shape)
            return Planned(shape[0], (shape[1:],)) if mismatch(model, shape) is None else Planned(1, ())
        case str() | PathLike() | bytes() | bytearray() | memoryview():
            source = as_source(image)
            if isinstance(source, Path) and is_array_file(source):
                return Planned(1, ())
            return Planned(1, _encoded_shapes(model, source, field=field))
        case Image.Image():
            return Planned(1, _encoded_shapes(model, image, field=field))
    return Planned(1, ())


def _encoded_shapes(model: OnnxModel, source: Source, *, field: str) -> tuple[ImageShape, ...]:
    with about(field):
        sizes = sizes_told(source, limits=model.limits)
    return picture_shapes(model, sizes, field=field)


def _prepare(model: OnnxModel, images: object, *, field: str) -> Prepared:
    match images:
        case np.ndarray():
            return _array(model, images, field=field)
        case Prepared():
            _require_prepared(model, images.values, field=field)
            return images
        case str() | PathLike() | bytes() | bytearray() | memoryview():
            source = as_source(images)
            if isinstance(source, Path) and is_array_file(source):
                with about(field):
                    images = read_array_file(source, max_bytes=model.limits.max_image_bytes)
                return _array(model, images, field=field)
            return _image(model, _decoded(model, source, field=field), field=field)
        case Image.Image():
            return _image(model, _decoded(model, images, field=field), field=field)
    raise InvalidInputError(
        f"An input of type {type(images).__name__} is not understood. Give a path, encoded bytes, a PIL image, "
        "an array, "
        "or a list of those.",
        field=field,
    )


def _decoded(model: OnnxModel, source: Source, *, field: str) -> npt.NDArray[np.uint8]:
    with about(field):
        return decode_image(source, limits=model.limits, has_alpha=model.preprocessing.color == "RGBA")


def _array(model: OnnxModel, array: Array, *, field: str) -> Prepared:
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
    return Prepared(np.ascontiguousarray(converted))


def _unheld(batch: Array, dtype: str) -> float:
    """Return the first value that a type cannot hold."""
    return next(float(value) for value in batch.reshape(-1) if held_by(np.asarray(value), dtype) is None)


def _is_picture(model: OnnxModel, array: Array) -> bool:
    """Return whether an array is a picture, which is preprocessed, and not an input as the model takes it."""
    if array.dtype != np.uint8 or array.ndim not in (2, 3) or space_of(model.input.layout) != "HW":
        return False
    is_own = array.dtype == model.input.dtype and array.ndim == len(model.input.image_shape)
    return not (is_own and mismatch(model, (1, *array.shape)) is None)


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
    problem = mismatch(model, batch.shape)
    if problem:
        raise InvalidInputError(problem, field=field)
    if not _is_finite(batch):
        raise InvalidInputError("The array contains NaN or Inf; all values must be finite.", field=field)


def _is_finite(values: Array) -> bool:
    return not np.issubdtype(values.dtype, np.floating) or bool(np.isfinite(values).all())


def _as_picture(model: OnnxModel, array: Array, *, field: str) -> npt.NDArray[np.uint8]:
    """Return a uint8 array as a picture: (H, W, 3), or with as many channels as a model takes whose are no colors."""
    if array.size == 0:
        raise InvalidInputError(f"The picture is empty: {array.shape}.", field=field)
    color, channels = model.preprocessing.color, model.input.channels
    given = array[:, :, None] if array.ndim == 2 else array
    if color == "NONE" and given.shape[2] == channels:
        return given
    if given.shape[2] == 1:
        given = np.broadcast_to(given, (*given.shape[:2], 3))
    if given.shape[2] == 3 or (color == "RGBA" and given.shape[2] == 4):
        return given
    also = {"RGBA": ", (H, W, 4) in RGBA", "NONE": f", (H, W, {channels}) with the model's channels"}
    raise InvalidInputError(
        f"The uint8 array has shape {array.shape}; a picture is (H, W, 3) in RGB or (H, W) in gray"
        f"{also.get(color, '')}.",
        field=field,
    )


def _image(model: OnnxModel, image: npt.NDArray[np.uint8], *, field: str) -> Prepared:
    """Return one image (1, ...) of a picture, whose size was judged before."""
    shapes = picture_shapes(model, [(image.shape[0], image.shape[1])], channels=image.shape[2], field=field)
    with about(field):
        prepared = apply_preprocessing(image, model.preprocessing)[None]
    if prepared.shape[1:] not in shapes:
        raise RuntimeError(f"A picture of shape {image.shape} became {prepared.shape}, and not {shapes[0]}.")
    return Prepared(np.ascontiguousarray(prepared, model.input.dtype), from_pictures=True)
