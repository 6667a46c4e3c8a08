"""Images of a request: sent as callers have them, decoded and preprocessed where the model runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import BytesIO
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Pillow

from inspector.errors import InvalidInputError, WholePath, within
from inspector.types.array_files import is_array_file, read_array_file
from inspector.types.arrays import Array
from inspector.types.images import MOST_LISTS, ImageLike, Prepared
from inspector.types.sources import as_source
from inspector.v1 import image_pb2
from inspector.wire.codec import HOOKS, Hook
from inspector.wire.tensors import finite_tensor_of_message, write_tensor, written_tensor
from inspector.wire.written import Written, of_field, within_field

_FIELDS: Any = image_pb2.Image.DESCRIPTOR.fields_by_name
_ENCODED, _TENSOR = (_FIELDS[name].number for name in ("encoded", "tensor"))
_PNG_MODES = frozenset({"1", "L", "LA", "P", "RGB", "RGBA", "I;16"})


def written_images(images: ImageLike) -> list[Written]:
    """Return the messages of one image, a list of several, or a list of lists, in their order, as they are sent."""
    with within("images", always=True):
        return list(_written(images))


def _written(images: ImageLike, *, depth: int = 0) -> Iterator[Written]:
    if not isinstance(images, list | tuple):
        yield written_image(images)
        return
    if depth == MOST_LISTS:
        raise InvalidInputError(
            f"Lists lie within lists more than {MOST_LISTS} deep; give a list of images.",
            field=WholePath("images"),
        )
    if not images:
        raise InvalidInputError("The list of inputs is empty; give at least one image.", field="")
    for index, one in enumerate(images):
        with within(f"[{index}]", always=True):
            yield from _written(one, depth=depth + 1)


def images_of_messages(messages: Sequence[image_pb2.Image]) -> ImageLike:
    """Return the only image, or a list of several, as `prepare` takes them."""
    found = []
    for index, message in enumerate(messages):
        with within(f"images[{index}]", always=True):
            found.append(image_of_message(message))
    return found[0] if len(found) == 1 else found


def image_to_message(image: object) -> image_pb2.Image:
    """Return the message of a path, encoded bytes, a PIL image, or an array (uint8: a picture; float: an input)."""
    source = _source(image)
    if isinstance(source, bytes):
        return image_pb2.Image(encoded=source)
    message = image_pb2.Image()
    write_tensor(source, message.tensor)  # where it is to be: a message put into another is copied
    return message


def written_image(image: object) -> Written:
    """Return what `image_to_message` does, as it is sent: of bytes and arrays, with nothing copied."""
    source = _source(image)
    if isinstance(source, bytes):
        return of_field(_ENCODED, source)
    return within_field(_TENSOR, written_tensor(source))


def _source(image: object) -> bytes | Array:
    """Return what is sent of an image: a file's bytes, or an array."""
    match image:
        case bytes() | bytearray() | memoryview():
            return bytes(image)
        case str() | PathLike():
            source = as_source(image)
            if isinstance(source, Path) and is_array_file(source):
                return read_array_file(source)
            return _read(source)
        case Pillow.Image():
            return _png(image)
        case np.ndarray():
            return image
        case Prepared() if isinstance(image.values, np.ndarray):
            return image.values
    raise InvalidInputError(
        f"An image is a path, bytes, a PIL image, a NumPy array, or a list of those; {type(image).__name__} was given."
    )


def image_of_message(message: image_pb2.Image) -> bytes | Array:
    """Return encoded bytes or an array, whose dtype is judged where the model is known."""
    source = message.WhichOneof("source")
    if source is None:
        raise InvalidInputError("The image is empty; set encoded or tensor.", reason="MISSING")
    if source == "encoded":
        return message.encoded
    with within("tensor", always=True):
        array = finite_tensor_of_message(message.tensor)
        if array.size == 0:
            raise InvalidInputError(
                f"shape is {list(array.shape)}; there is nothing in it.",
                reason="INVALID_SHAPE",
                field="shape",
            )
    return array


def _read(path: Path | bytes) -> bytes:
    if isinstance(path, bytes):
        return path
    try:
        return path.read_bytes()
    except (OSError, ValueError) as error:  # a name with a zero in it is a ValueError
        reason = error.strerror if isinstance(error, OSError) else error
        raise InvalidInputError(f"The image {str(path)[:200]!r} cannot be read: {reason}.") from error


def _png(image: Pillow.Image) -> bytes:
    """Return a PIL image as PNG, with nothing lost of what the server looks at: pixels, alpha, orientation."""
    if getattr(image, "n_frames", 1) > 1:
        raise InvalidInputError("The image is animated. Give the frame that you mean as an image of its own.")
    if image.mode == "F":
        raise InvalidInputError("An image of mode F has no agreed range; give a uint8 array.")
    if not image.width or not image.height:
        raise InvalidInputError(f"The image is empty: {image.height} × {image.width} pixels.")
    try:
        return _encoded(image)
    except (SyntaxError, ValueError, OSError, AttributeError, AssertionError, KeyError, TypeError) as error:
        raise InvalidInputError(f"The picture, of mode {image.mode}, cannot be sent: {error}") from error


def _encoded(image: Pillow.Image) -> bytes:
    exif = image.getexif()
    if image.mode.startswith("I"):
        image = image.convert("I;16")
    elif image.mode not in _PNG_MODES:
        image = image.convert("RGBA" if image.mode.lower().endswith("a") else "RGB")
    buffer = BytesIO()
    image.save(buffer, format="PNG", exif=exif, compress_level=1)
    return buffer.getvalue()


HOOKS.add(image_pb2.Image.DESCRIPTOR.full_name, Hook(image_to_message, image_of_message))
