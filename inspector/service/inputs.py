"""What a call is about to take: images become inputs one by one, and answers that fit no message are not computed."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod

from google.protobuf.message import Message

from inspector.errors import LimitExceededError
from inspector.face.model import Model
from inspector.model.spec import Layer
from inspector.runtime.cancel import Cancellation
from inspector.service.convert.images import Input
from inspector.types.arrays import Array


def prepared(inspector: Model, images: Input | list[Input], cancellation: Cancellation) -> Array:
    """Return the images as one batch (N, ...); between two of them a caller that left is noticed."""
    if not isinstance(images, list):
        return inspector.prepare(images)
    batches = []
    for image in images:
        cancellation.raise_if_cancelled()
        batches.append(inspector.prepare(image))
    return inspector.prepare(batches)


def require_layers_fit(layers: Iterable[Layer], *, images: int, limit: int) -> None:
    """Raise LimitExceededError where the layers' values, as far as their shapes are known, fit no response."""
    values = sum(prod(size for size in layer.shape if isinstance(size, int)) for layer in layers)
    _require(4 * values * images, limit=limit, what=f"The layers' values for {images} images")


def require_maps_fit(inputs: Array, *, maps: int, limit: int) -> None:
    """Raise LimitExceededError where so many maps, and the inputs, fit no response."""
    size = inputs.nbytes + maps * 4 * inputs[0].size
    _require(size, limit=limit, what=f"{maps} maps of shape {inputs.shape[1:]}, and the inputs")


def require_message_fits(response: Message, *, limit: int) -> None:
    """Raise LimitExceededError where a response is larger than a message may be."""
    if (size := response.ByteSize()) > limit:
        raise LimitExceededError(
            f"The response has {size:,} bytes; a message holds at most {limit:,}. Ask for fewer images or fewer layers "
            "at a time.",
            reason="RESPONSE_TOO_LARGE",
        )


def _require(size: int, *, limit: int, what: str) -> None:
    if size > limit:
        raise LimitExceededError(
            f"{what} take about {size:,} bytes; a response holds at most {limit:,}. Ask for fewer at a time.",
            reason="RESPONSE_TOO_LARGE",
        )
