"""Whatever a caller has as an image, to the wire; sent as it is, decoded and preprocessed by the server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Pillow

from inspector.client.tensors import tensor_to_wire
from inspector.errors import InvalidInputError
from inspector.v1 import image_pb2, model_pb2

_PNG_MODES = frozenset({"1", "L", "LA", "P", "RGB", "RGBA", "I;16"})


def images_to_wire(x: object) -> list[image_pb2.Image]:
    """Return the messages of one image or a list of several."""
    if isinstance(x, (list, tuple)):
        if not x:
            raise InvalidInputError("The list of inputs is empty; give at least one image.", field="input")
        return [image_to_wire(item) for item in x]
    return [image_to_wire(x)]


def image_to_wire(x: object) -> image_pb2.Image:
    """Return the message of a path, encoded bytes, a PIL image, or an array (uint8: a picture; float: an input)."""
    if isinstance(x, bytes):
        return image_pb2.Image(encoded=x)
    if isinstance(x, (str, Path)):
        return image_pb2.Image(encoded=_read(Path(x)))
    if isinstance(x, Pillow.Image):
        return image_pb2.Image(encoded=_png(x))
    if isinstance(x, np.ndarray):
        return image_pb2.Image(tensor=tensor_to_wire(x))
    raise InvalidInputError(
        f"An image is a path, bytes, a PIL image, a NumPy array, or a list of those; {type(x).__name__} was given.",
        field="input",
    )


def preprocessing_to_wire(mapping: Mapping[str, Any] | None) -> model_pb2.Preprocessing | None:
    """Return the message of a preprocessing in its JSON form; a key that it lacks keeps what was found."""
    if mapping is None:
        return None
    flat = {_FLAT.get(key, key): value for key, value in _flattened(mapping).items()}
    known = {field.name for field in model_pb2.Preprocessing.DESCRIPTOR.fields} - _OUTPUT_ONLY
    unknown = sorted(flat.keys() - known)
    if unknown:
        raise InvalidInputError(
            f"Preprocessing has no key {unknown[0]!r}. Known: layout, color, resize, crop, scale, mean, std.",
            field=f"preprocessing.{unknown[0]}",
        )
    for name in ("mean", "std"):
        if name in flat and not isinstance(flat[name], Sequence):
            flat[name] = [flat[name]]
    try:
        return model_pb2.Preprocessing(**flat)
    except (TypeError, ValueError) as error:
        raise InvalidInputError(
            f"The preprocessing cannot be sent: {error}", field="preprocessing"
        ) from error


_OUTPUT_ONLY = {"dtype", "source", "assumed"}
_FLAT = {
    "resize.mode": "resize",
    "resize.size": "resize_size",
    "resize.interpolation": "interpolation",
    "resize.fill": "letterbox_fill",
    "resize.align": "letterbox_align",
    "crop.height": "height",
    "crop.width": "width",
}


def _flattened(mapping: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in mapping.items():
        if isinstance(value, Mapping):
            flat |= {f"{key}.{inner}": item for inner, item in value.items()}
        else:
            flat[key] = value
    return flat


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidInputError(
            f"The image {str(path)!r} cannot be read: {error.strerror}.", field="image"
        ) from error


def _png(image: Pillow.Image) -> bytes:
    """Return a PIL image as PNG, with nothing lost of what the server looks at: pixels, alpha, orientation."""
    if getattr(image, "n_frames", 1) > 1:
        raise InvalidInputError(
            "The image is animated. Give the frame that you mean as an image of its own.", field="image"
        )
    if image.mode == "F":
        raise InvalidInputError("An image of mode F has no agreed range; give a uint8 array.", field="image")
    exif = image.getexif()
    if image.mode.startswith("I"):
        image = image.convert("I;16")
    elif image.mode not in _PNG_MODES:
        image = image.convert("RGBA" if image.mode.lower().endswith("a") else "RGB")
    buffer = BytesIO()
    image.save(buffer, format="PNG", exif=exif, compress_level=1)
    return buffer.getvalue()
