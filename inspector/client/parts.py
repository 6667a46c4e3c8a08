"""A request about many images as several requests about some, each of a size that a server takes; the answers joined.

It sends nothing itself: whoever asks does, in a thread or on an event loop.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

import numpy as np

from inspector.errors import (
    BusyError,
    InspectorError,
    InvalidInputError,
    LimitExceededError,
    WholePath,
    within,
)
from inspector.face.rendering import rendered
from inspector.types.control import Control, Progress
from inspector.types.images import MOST_LISTS, ImageLike, Prepared
from inspector.types.requests.base import ImagesRequest, Request
from inspector.types.results.base import Result
from inspector.wire.images import written_image
from inspector.wire.written import Written

R = TypeVar("R", bound=Result)

MAX_IMAGES = 256
"""In one request, until the server says that it takes fewer."""
_ROOM = 1 / 16
"""The share of a request that is left for what is not an image."""
_INDEX = re.compile(r"^(\w+)\[(\d+)\]")


@dataclass(frozen=True)
class Part:
    """Some of the images, and what is asked about them."""

    request: Any
    images: list[Written]
    """As they are sent."""
    places: range
    """Which of all images they are."""


@dataclass(frozen=True)
class Piece:
    """One image, and where it is in what the caller gave: [3], or [3][1] in a list of lists."""

    image: object
    place: str


def is_per_image(request: Request[Any]) -> bool:
    """Return whether a request can be asked part by part."""
    return isinstance(request, ImagesRequest) and request.is_per_image


def is_too_much(error: InspectorError) -> bool:
    """Return whether an error says that a request, or its answer, had been taken with fewer images."""
    if not isinstance(error, LimitExceededError) or isinstance(error, BusyError):
        return False
    if error.reason == "IMAGE_TOO_LARGE":  # each of them is, however many they are
        return False
    if error.field in ("images", "max_input_bytes"):
        return True
    return error.reason in ("RESPONSE_TOO_LARGE", "RESOURCE_EXHAUSTED")


def needs_parts(images: ImageLike, *, max_images: int, max_bytes: int) -> bool:
    """Return whether images are surely too many, or too large, for one request."""
    sizes = [_bytes_of(piece.image) for piece in pieces_of(images)]
    return len(sizes) > max_images or sum(sizes) > max_bytes * (1 - _ROOM)


def has_arrays(images: ImageLike) -> bool:
    """Return whether there are arrays that may hold several images, as only the model's input says."""
    return any(
        isinstance(piece.image, Prepared)
        or (isinstance(piece.image, np.ndarray) and _may_be_batch(piece.image))
        for piece in pieces_of(images)
    )


def pieces_of(
    images: ImageLike, *, rank: int | None = None, place: str = "", depth: int = 0
) -> Iterator[Piece]:
    """Yield what lists of images hold; where one image has `rank` axes, also the images of arrays of several."""
    match images:
        case list() | tuple():
            if depth == MOST_LISTS:
                raise InvalidInputError(
                    f"Lists lie within lists more than {MOST_LISTS} deep; give a list of images.",
                    field=WholePath("images"),
                )
            for index, one in enumerate(images):
                yield from pieces_of(one, rank=rank, place=f"{place}[{index}]", depth=depth + 1)
        case Prepared() if rank is not None and isinstance(images.values, np.ndarray):
            for index in range(len(images)):
                yield Piece(images[index : index + 1], place)
        case np.ndarray() if rank is not None and images.ndim == rank + 1 and _may_be_batch(images):
            for row in images:
                yield Piece(row, place)
        case _:
            yield Piece(images, place)


class Parts(Generic[R]):
    """Take `next`, ask it, and say what came of it, by `take` or `refuse`, until they are complete."""

    def __init__(
        self, request: Any, pieces: Sequence[Piece], control: Control, *, most: int, max_bytes: int
    ) -> None:
        """Ask about at most so many images at once, in messages of at most so many bytes."""
        self._request = replace(request, images=[piece.image for piece in pieces], rendering="none")
        self._is_drawn = request.rendering != "none"
        self._pieces = pieces
        self._tell = control.progress
        self._most = most
        self._max_bytes = max_bytes * (1 - _ROOM)
        self._found: list[R] = []
        self._done = 0
        self._steps = 0
        self._told: int | None = None

    @property
    def are_complete(self) -> bool:
        """Whether every image was answered."""
        return self._done == len(self._pieces)

    def next(self) -> Part:
        """Return what is asked next; InvalidInputError names the image that cannot be sent."""
        images: list[Written] = []
        size = 0
        for piece in self._pieces[self._done : self._done + self._most]:
            with within(f"images{piece.place}", always=True):
                image = written_image(piece.image)
            size += image.size
            if images and size > self._max_bytes:
                break
            images.append(image)
        places = range(self._done, self._done + len(images))
        given = [self._pieces[place].image for place in places]
        self._told = None
        return Part(self._request.about(given, kept=places), images, places)

    def progress(self, part: Part) -> Callable[[Progress], None] | None:
        """Return what is told the progress of a part, and tells that of all: as if the others were as long."""
        tell = self._tell
        if tell is None:
            return None
        left = len(self._pieces) - self._done

        def told(progress: Progress) -> None:
            self._told = progress.total
            total = self._steps + round(progress.total * left / len(part.places))
            tell(Progress(done=self._steps + progress.done, total=total))

        return told

    def take(self, part: Part, found: R) -> None:
        """Take the answer about a part."""
        self._found.append(found)
        self._done = part.places.stop
        self._steps += len(part.places) if self._told is None else self._told
        if self._told is None and self._tell is not None:
            self._tell(Progress(done=self._steps, total=self._steps + len(self._pieces) - self._done))

    def refuse(self, part: Part, error: InspectorError) -> None:
        """Take the error about a part: fewer images come next where that may mend it, else it is raised."""
        if len(part.places) > 1 and is_too_much(error):
            self._most = len(part.places) // 2
            return
        raise self._located(part, error)

    def joined(self) -> R:
        """Return the answer about all images."""
        found: R = type(self._found[0]).joined(self._found)
        return replace(found, rendered=rendered(found)) if self._is_drawn else found

    def _located(self, part: Part, error: InspectorError) -> InspectorError:
        """Return the same error about a part, with the image's place among all that the caller gave."""
        found = _INDEX.match(error.field or "")
        if found is not None and error.field is not None and int(found[2]) < len(part.places):
            name, place = found[1], part.places[int(found[2])]
            if name == "images":
                error.field = f"images{self._pieces[place].place}{error.field[found.end() :]}"
            elif name in self._request.paired():
                error.field = f"{name}[{place}]{error.field[found.end() :]}"
        return error


def _may_be_batch(array: np.ndarray) -> bool:
    """Return whether an array may hold several images: a picture (H, W, 3) is none of a model with images (H, W)."""
    is_picture = array.dtype == np.uint8 and array.ndim < 4
    return array.ndim > 1 and not is_picture


def _bytes_of(image: object) -> int:
    """Return how many bytes an image is sent as, as far as that is known before it is read."""
    match image:
        case bytes() | bytearray() | memoryview():
            return len(image)
        case np.ndarray():
            return image.nbytes
        case Prepared() if isinstance(image.values, np.ndarray):
            return image.values.nbytes
    return 0
