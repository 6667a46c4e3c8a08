"""The shapes of all tensors as ONNX Runtime makes them: what inference says of them is a forecast.

Where all operators are of those that inference is right about, it is believed. Else one run of one image gives the
shapes alone, when the first backward graph for its size is written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress

from inspector.engine.kept import Kept
from inspector.engine.sessions import Sessions
from inspector.errors import EngineError, InvalidModelError
from inspector.graph.measure import SHAPE, is_foreseen, measurable, measuring
from inspector.graph.pack import pack_own
from inspector.model.spec import OnnxModel
from inspector.types.arrays import Array
from inspector.types.control import Cancellation
from inspector.types.layers import Shape

_MOST_SIZES = 64
"""Sizes of images, where a model leaves them free, of which the shapes are kept."""


class Shapes:
    """Knows the shapes of a model's tensors by the image's size. Thread-safe."""

    def __init__(self, model: OnnxModel, sessions: Sessions) -> None:
        self._model = model
        self._sessions = sessions
        self._known: Kept[tuple[int, ...], Mapping[str, Shape]] = Kept(most=_MOST_SIZES)

    def of(
        self,
        chunk: Array,
        forecast: Mapping[str, Shape],
        *,
        otherwise: Callable[[], object],
        cancellation: Cancellation | None = None,
    ) -> Mapping[str, Shape]:
        """Return the shapes of all tensors in one run, of a fixed batch or of one image.

        `chunk` is a batch that the model takes, `forecast` what is inferred for images of its size. Of a tensor whose
        shape follows from the values of images nothing more is known than that. `otherwise` is called where the whole
        graph does not run: it runs the part that is needed, or says why not.
        """
        if is_foreseen(self._model.ir, self._model.input.name, forecast):
            return forecast

        def measure() -> Mapping[str, Shape]:
            measured = self._measured(chunk, cancellation)
            if not measured:
                otherwise()
            return measured

        return {**forecast, **self._known.get(tuple(chunk.shape[1:]), measure)}

    def _measured(self, chunk: Array, cancellation: Cancellation | None) -> Mapping[str, Shape]:
        names = measurable(self._model.ir, self._model.input.name)
        with suppress(EngineError, InvalidModelError):
            session = self._sessions.once(pack_own(measuring(self._model.ir, names)))
            made = session.run(
                {self._model.input.name: chunk if self._model.input.batch else chunk[:1]},
                [name + SHAPE for name in names],
                cancellation=cancellation,
            )
            return {name: tuple(int(size) for size in made[name + SHAPE].numpy()) for name in names}
        return {}
