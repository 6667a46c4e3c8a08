"""Ask about many images, of which some may be none: those are named and left out, and the others answered."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from PIL import Image

from inspector.cli.complaint import complain
from inspector.errors import InspectorError, InvalidInputError, UserError
from inspector.model.checks.limits import Limits
from inspector.model.preprocessing.images import decode_image
from inspector.types.array_files import is_array_file, read_array_file
from inspector.types.requests.base import ImagesRequest
from inspector.types.results.base import Result
from inspector.types.results.model_info import ImageInput

R = TypeVar("R", bound=Result)

_ONE = re.compile(r"images\[(\d+)\]")


@dataclass(frozen=True, kw_only=True)
class Answered:
    """Which images an answer is about."""

    images: Sequence[Path]
    is_complete: bool
    """False where some were left out."""


def ask_about(
    request: ImagesRequest[R],
    images: Sequence[Path],
    ask: Callable[[ImagesRequest[R]], R],
    *,
    needed: int = 0,
) -> tuple[R, Answered]:
    """Return what answers a request about those of the images that can be read; the others are named on stderr.

    The error passes where it is about the only image, one of the first `needed`, or the last that is left.
    """
    left, kept = list(images), list(range(len(images)))
    asked = replace(request, images=left)
    while True:
        try:
            found = ask(asked)
        except UserError as error:
            place = _ONE.match(error.field or "")
            if place is None:
                raise
            index = int(place[1])
            _name(error, left[index])
            if len(images) == 1 or index < needed:
                raise
            complain(error, word="skipped")
            del left[index], kept[index]
            if len(left) == needed:
                raise InvalidInputError(
                    f"None of the {len(images) - needed} images can be read.", field="images"
                ) from error
            asked = request.about(left, kept=kept)
        else:
            return found, Answered(images=left, is_complete=len(left) == len(images))


def require_one_each(images: Sequence[Path], model: ImageInput) -> None:
    """Raise InvalidInputError for a file with an array of several images: an answer names images by their files."""
    rank = len(model.image_shape)
    for index, path in enumerate(images):
        if not is_array_file(path):
            continue
        try:
            array = read_array_file(path)
        except InvalidInputError:
            continue  # who asks about it says so, and skips it
        if array.ndim == rank + 1 and len(array) != 1:
            raise InvalidInputError(
                f"{path} holds {len(array)} images, of shape {array.shape}; give a file for each.",
                field=f"images[{index}]",
            )


def _name(error: UserError, path: Path) -> None:
    """Let an error about an image say which one it is."""
    if str(path) not in error.message:
        error.message = f"{path}: {error.message}"


def thumbnail(path: Path) -> Image.Image:
    """Return an image for a figure; gray for one that a model can read and we cannot show, such as an array."""
    try:
        return Image.fromarray(decode_image(path, limits=Limits()))
    except InspectorError:
        return Image.new("RGB", (64, 64), (128, 128, 128))
