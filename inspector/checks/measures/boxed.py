"""Images of which it is known where the object is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath

import numpy as np
from PIL import ImageDraw

from inspector.checks.examination import Examination, SkippedError
from inspector.errors import InvalidInputError, NotFoundError
from inspector.methods.judging.pointing import boxes_of, inside
from inspector.methods.planes import image_size
from inspector.render.overlay import overlay
from inspector.render.photograph import photograph_of
from inspector.types.arrays import Array
from inspector.types.layouts import batched


@dataclass(frozen=True, kw_only=True, eq=False)
class Boxed:
    """One image with its boxes."""

    name: str
    """The file's, where the image is one; else the image's number."""
    image: Array
    """(1, *image), as the model takes it."""
    boxes: Array
    """float64 (B, 4): top, left, bottom, right, in input pixels."""
    size: tuple[int, ...]
    """Rows and columns."""

    @property
    def object(self) -> Array:
        """bool (*size): which pixels lie in a box."""
        return inside(self.boxes, self.size)


def boxed_images(examination: Examination, *, most: int) -> Iterator[Boxed]:
    """Yield the first images that have boxes.

    SkippedError where the model's input has no rows and columns, or no output tells classes; InvalidInputError about
    `boxes` where there is none of an image, or one covers nothing of it.
    """
    request = examination.request
    if request.boxes is None:
        raise SkippedError("it needs to know where the objects are; give boxes beside the images.")
    if len(examination.model.input.space) != 2:
        raise SkippedError("boxes lie over rows and columns; this model's input has others.")
    _require_classes(examination)
    boxes, images = request.boxes, request.images
    own = None if boxes.shape[1] == 4 else set(boxes[:, 0].tolist())
    if own is not None and isinstance(images, list | tuple):
        boxes_of(boxes, image=int(boxes[0, 0]), images=len(images))
    found = 0
    for places, part in examination.prepared():
        for place, number in enumerate(places):
            if own is not None and number not in own:
                continue
            image = part.values[place : place + 1]
            yield Boxed(
                name=_name(images, number),
                image=image,
                boxes=boxes_of(boxes, image=number, images=max(places.stop, int(boxes[:, 0].max()) + 1)),
                size=image_size(examination.run.engine, image),
            )
            found += 1
            if found == most:
                return
    if not found:
        raise InvalidInputError("No box is of an image that is given.", field="boxes")


def _require_classes(examination: Examination) -> None:
    """Raise SkippedError where no output tells classes: what a model draws or measures is of all places."""
    try:
        has_classes = examination.run.engine.head_of(None).has_classes
    except (InvalidInputError, NotFoundError) as error:
        raise SkippedError(f"no output tells which class an image is: {error.message}") from error
    if not has_classes:
        raise SkippedError("no output tells which class an image is.")


def _name(images: object, number: int) -> str:
    one = images[number] if isinstance(images, list | tuple) and number < len(images) else None
    return PurePath(one).name if isinstance(one, str | PurePath) else f"image {number}"


def pictured(examination: Examination, one: Boxed, plane: Array) -> Array:
    """Draw a map (rows, columns) over an image, uint8 (H, W, 3), with the image's boxes around it."""
    model = examination.model
    photo = photograph_of(one.image[0], layout=batched(model.input.layout), spec=model.preprocessing)
    return _framed(photo, plane, one.boxes)


def _framed(photo: Array, plane: Array, boxes: Array) -> Array:
    scale = max(1, round(320 / max(photo.shape[:2])))
    large = np.repeat(np.repeat(photo, scale, axis=0), scale, axis=1)
    most = float(plane.max())
    heat = np.clip(plane / most, 0, 1) if most > 0 else np.zeros_like(plane)
    picture = overlay(large, heat)
    draw = ImageDraw.Draw(picture)
    for top, left, bottom, right in boxes * scale:
        draw.rectangle((left, top, right - 1, bottom - 1), outline=(255, 255, 255), width=2)
    return np.asarray(picture)
