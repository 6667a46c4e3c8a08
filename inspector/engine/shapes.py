"""The shapes of all tensors as ONNX Runtime makes them: what inference says of them is a forecast.

Where all operators are of those that inference is right about, it is believed. Else one run of one image gives the
shapes alone, when the first backward graph for its size is written.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import suppress

from inspector.engine.sessions import Sessions
from inspector.errors import EngineError, InvalidModelError
from inspector.graph.measure import SHAPE, is_foreseen, measurable, measuring
from inspector.graph.pack import pack
from inspector.graph.sized import shapes_at
from inspector.model.spec import OnnxModel
from inspector.types.arrays import Array
from inspector.types.control import Cancellation
from inspector.types.layers import Shape

_MOST_SIZES = 64
"""Sizes of images, where a model leaves them free, of which the shapes are kept."""


class Shapes:
    """Knows the shapes of a model's tensors for one image, by the image's size. Thread-safe."""

    def __init__(self, model: OnnxModel, sessions: Sessions) -> None:
        self._model = model
        self._sessions = sessions
        self._known: dict[tuple[int, ...], Mapping[str, Shape]] = {}
        self._lock = threading.Lock()

    def of(self, chunk: Array, *, cancellation: Cancellation | None = None) -> Mapping[str, Shape]:
        """Return the shapes of all tensors for one image of the kind of those in `chunk`, a batch that the model takes.

        Of a tensor whose shape follows from the values of images nothing more is known than inference says.
        """
        size = tuple(chunk.shape[1:])
        forecast = shapes_at(self._model, size)
        if is_foreseen(self._model.ir, self._model.input.name, forecast):
            return forecast
        with self._lock:
            measured = self._known.get(size)
        if measured is None:
            measured = self._measured(chunk, forecast, cancellation)
            with self._lock:
                if len(self._known) >= _MOST_SIZES:
                    self._known.clear()
                self._known[size] = measured
        return {**forecast, **measured}

    def _measured(
        self, chunk: Array, forecast: Mapping[str, Shape], cancellation: Cancellation | None
    ) -> Mapping[str, Shape]:
        names = measurable(self._model.ir, self._model.input.name)
        one = chunk if self._model.input.batch else chunk[:1]
        found: dict[str, Shape] = {}
        with suppress(EngineError, InvalidModelError):  # a tail that no one asks for may not run at this size
            session = self._sessions.once(pack(measuring(self._model.ir, names)))
            made = session.run(
                {self._model.input.name: one}, [name + SHAPE for name in names], cancellation=cancellation
            )
            for name in names:
                shape = tuple(int(size) for size in made[name + SHAPE].numpy())
                found[name] = _of_one_image(shape, forecast.get(name), images=len(one))
        return found


def _of_one_image(shape: Shape, forecast: Shape | None, *, images: int) -> Shape:
    """Return a shape for one image of a fixed batch: what inference says where it differs in the batch alone."""
    first = shape[0] if shape else None
    if images == 1 or not isinstance(first, int):
        return shape
    if forecast is not None and len(forecast) == len(shape) and tuple(forecast[1:]) == shape[1:]:
        return forecast
    return (1, *shape[1:]) if first == images else shape
