"""Why a run failed, where the model leaves the size of its image free: the size may be none that it can take."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence

import numpy as np

from inspector.engine.kept import Kept
from inspector.engine.sizing import Size, Sizes, find_sizes
from inspector.errors import EngineError, InspectorError, InvalidInputError, WholePath
from inspector.runtime.session import Session
from inspector.types.arrays import Array
from inspector.types.control import Cancellation
from inspector.types.layouts import batched
from inspector.types.results.model_info import ImageInput

_MOST_KEPT = 256

_FAILED_NODE = re.compile(r"while running (\w+) node\. Name:'([^']*)'")

_LONGEST_SEARCH_SECONDS = 20.0
"""A search for sizes begins no run after this."""


class ImageSizeError(InvalidInputError):
    """The model does not run on images of a size."""

    reason = "IMAGE_SIZE_NOT_TAKEN"

    def __init__(self, message: str, *, given: Size, taken: Size) -> None:
        super().__init__(message, field=WholePath("images"))
        self.given = given
        """The sizes of the axes that are free."""
        self.taken = taken
        """Such as the model runs on, near to them."""


class ImageSizes:
    """Tells failures that lie in the image's size, and remembers the sizes that were found. Thread-safe."""

    def __init__(self, image: ImageInput) -> None:
        self._image = image
        self.axes = free_axes(image)
        self._found: Kept[tuple[Size, tuple[str, ...]], Sizes | None] = Kept(most=_MOST_KEPT)
        self._known: Sizes | None = None

    def of(self, batch: Array) -> Size:
        """Return the sizes that a batch has along the axes which the model leaves free."""
        return tuple(batch.shape[axis] for axis in self.axes)

    def explained(
        self,
        error: EngineError,
        session: Session,
        chunk: Array,
        fetch: Sequence[str],
        *,
        cancellation: Cancellation | None = None,
    ) -> InspectorError:
        """Return the error that a caller can mend, where other sizes of `chunk` run; else the error as it is."""
        if error.reason != "RUN_FAILED" or not self.axes:
            return error
        given = self.of(chunk)

        def search() -> Sizes | None:
            works = self._trial(session, chunk, fetch, cancellation)
            # A failure that lies in the values is no matter of sizes.
            sizes = None if works(given) else find_sizes(given, works, known=self._known)
            self._known = sizes or self._known
            return sizes

        sizes = self._found.get((given, tuple(fetch)), search)
        if sizes is None:
            return error
        return ImageSizeError(self._message(given, sizes, error), given=given, taken=sizes.nearest[0])

    def _trial(
        self, session: Session, chunk: Array, fetch: Sequence[str], cancellation: Cancellation | None
    ) -> Callable[[Size], bool]:
        known: dict[Size, bool] = {}
        end = time.monotonic() + _LONGEST_SEARCH_SECONDS

        def works(size: Size) -> bool:
            if size not in known and time.monotonic() > end:
                return False
            if size not in known:
                shape = list(chunk.shape)
                shape[0] = self._image.batch or 1
                for axis, side in zip(self.axes, size, strict=True):
                    shape[axis] = side
                ones = np.ones(shape, chunk.dtype)
                feeds = {self._image.name: ones[0] if self._image.batch_axis is None else ones}
                try:
                    session.run(feeds, fetch, cancellation=cancellation)
                    known[size] = True
                except EngineError:
                    known[size] = False
            return known[size]

        return works

    def _message(self, given: Size, sizes: Sizes, error: EngineError) -> str:
        letters = {"H": "heights", "W": "widths"}
        layout = batched(self._image.layout)
        names = [letters.get(layout[axis : axis + 1], "lengths") for axis in self.axes]
        order = f" ({' × '.join(name[:-1] for name in names)})" if len(names) > 1 else ""
        examples = " or ".join(_said(size) for size in sizes.nearest)
        what = " and ".join(dict.fromkeys(names))
        if sizes.step > 1:
            plus = f", plus {sizes.offset}" if sizes.offset else ""
            rule = f"It takes {what} that are multiples of {sizes.step}{plus}, such as {examples}"
        elif sizes.step:
            rule = f"It is too small; the model takes {examples} and larger"
        else:
            rule = f"It runs on {examples}"
        return (
            f"The model does not run on images of {_said(given)}{order}. {rule}. Resize or pad the array to such a "
            f"size; a picture (a file, or its pixels as uint8) is brought to one for you.{_place(error)}"
        )


def free_axes(image: ImageInput) -> tuple[int, ...]:
    """Return the axes of a batch of images, batch and channels aside, whose size the model leaves open."""
    layout, shape = batched(image.layout), (None, *image.image_shape)
    letters = layout if len(layout) == len(shape) else "N" + "?" * (len(shape) - 1)
    return tuple(
        axis
        for axis, (letter, size) in enumerate(zip(letters, shape, strict=True))
        if letter not in "NC" and not isinstance(size, int)
    )


def _place(error: EngineError) -> str:
    """Return the sentence on where the run failed, as far as ONNX Runtime tells."""
    found = _FAILED_NODE.search(error.message)
    return f" At the size given, node {found[2]!r} ({found[1]}) fails." if found is not None else ""


def _said(size: Size) -> str:
    return " × ".join(map(str, size))
