"""Images, sizes and preprocessing of a request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from inspector.errors import InvalidInputError, LimitExceededError
from inspector.service.convert.tensors import FLOATS, tensor_from_wire
from inspector.types.arrays import Array
from inspector.v1 import image_pb2, model_pb2

Input = bytes | Array


def image_from_wire(image: image_pb2.Image, *, field: str) -> Input:
    """Return encoded bytes, a uint8 picture or float values, as `Model.prepare` takes them."""
    source = image.WhichOneof("source")
    if source is None:
        raise InvalidInputError(f"{field} is empty; set encoded or tensor.", reason="MISSING", field=field)
    if source == "encoded":
        return image.encoded
    array = tensor_from_wire(image.tensor, field=f"{field}.tensor")
    if image.tensor.datatype not in FLOATS | {"UINT8"}:
        raise InvalidInputError(
            f"{field}.tensor.datatype is {image.tensor.datatype}; a picture is UINT8, values of the input are "
            f"{', '.join(sorted(FLOATS))}.",
            field=f"{field}.tensor.datatype",
        )
    if array.size == 0:
        raise InvalidInputError(
            f"{field}.tensor has shape {list(array.shape)}; there is nothing in it.",
            reason="INVALID_SHAPE",
            field=f"{field}.tensor.shape",
        )
    return array


def images_from_wire(images: Sequence[image_pb2.Image], *, limit: int) -> Input | list[Input]:
    """Return the only image, or a list of several."""
    require_count(len(images), limit=limit, field="images")
    inputs = [image_from_wire(image, field=f"images[{index}]") for index, image in enumerate(images)]
    return inputs[0] if len(inputs) == 1 else inputs


def require_count(count: int, *, limit: int, field: str) -> None:
    """Raise where a repeated field has nothing in it, or too much."""
    if count == 0:
        raise InvalidInputError(f"{field} is empty; give at least one.", reason="MISSING", field=field)
    if count > limit:
        raise LimitExceededError(
            f"{field} has {count} entries; one request takes at most {limit}. Send several requests.",
            field=field,
        )


def extent_from_wire(extent: image_pb2.Extent, *, field: str) -> tuple[int, int]:
    """Return (height, width)."""
    if extent.height < 1 or extent.width < 1:
        raise InvalidInputError(
            f"{field} is {extent.height} × {extent.width} pixels; both must be at least 1.", field=field
        )
    return extent.height, extent.width


def preprocessing_from_wire(message: model_pb2.Preprocessing) -> dict[str, Any]:
    """Return the JSON form of those fields that are set: a mapping that overrides only its keys."""
    mapping: dict[str, Any] = {
        name: getattr(message, name) for name in ("layout", "color", "scale") if message.HasField(name)
    }
    resize = {key: getattr(message, name) for key, name in _RESIZE.items() if message.HasField(name)}
    crop = {name: getattr(message, name) for name in ("height", "width") if message.HasField(name)}
    mapping |= {key: nested for key, nested in (("resize", resize), ("crop", crop)) if nested}
    for name in ("mean", "std"):
        if values := list(getattr(message, name)):
            mapping[name] = values
    return mapping


_RESIZE = {
    "mode": "resize",
    "size": "resize_size",
    "interpolation": "interpolation",
    "fill": "letterbox_fill",
    "align": "letterbox_align",
}
