"""Forward passes that begin in the middle: one tensor of an image is replaced, and all else is as it was."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inspector.engine.engine import Engine
from inspector.engine.sessions import Resumed
from inspector.errors import EngineError
from inspector.runtime.tensor import DeviceTensor
from inspector.types.arrays import Array
from inspector.types.control import Cancellation


class Resumption:
    """One image's pass from a tensor on: variants of the tensor -> what the model makes of each.

    The model runs once, with as many copies of the image as a run takes variants; what else reaches the part behind
    the tensor (skip connections, branches) stays as it was there.
    """

    def __init__(
        self,
        engine: Engine,
        x: Array,
        *,
        tensor: str,
        tensors: Sequence[str],
        variants: int,
        cancellation: Cancellation | None = None,
    ) -> None:
        """Run the (1, …) image `x` up to all of `tensors`; `variants` is how many will be asked about at once.

        Raises CancelledError, and EngineError where ONNX Runtime fails.
        """
        self._engine, self._tensor, self._cancellation = engine, tensor, cancellation
        self._names = tuple(dict.fromkeys(tensors))
        self._resumed: Resumed = engine.sessions.resumed(tensor, self._names)
        self._needed = tuple(dict.fromkeys((tensor, *self._resumed.crossing, *self._names)))
        self._begin(x, variants)

    @property
    def values(self) -> Array:
        """The tensor's real values on the image, (*tensor)."""
        return self._values

    def __call__(self, variants: Array) -> dict[str, Array]:
        """Return the tensors, each (k, …) with codes dequantized, for (k, *tensor) real values in the tensor's place.

        Codes are the nearest to what is given.
        """
        parts: dict[str, list[Array]] = {name: [] for name in self._names}
        for start in range(0, len(variants), self.most):
            for name, found in self._run(variants[start : start + self.most]).items():
                parts[name].append(found)
        return {name: np.concatenate(found) for name, found in parts.items()}

    def _begin(self, x: Array, variants: int) -> None:
        engine, fixed = self._engine, self._engine.model.input.batch
        image = x.shape[1:]
        is_mixed = engine.company(image, self._needed) is not None
        most = 1 if is_mixed else fixed or max(1, min(engine.largest_batch(image), variants))
        self._chunk = np.repeat(x, fixed or most, axis=0)
        self.most = most
        """How many variants one run takes."""
        try:
            self._clean = engine.fetch(self._chunk, self._needed, cancellation=self._cancellation)
        except EngineError:
            if not engine.doubt_batches(self._chunk, self._needed):
                raise
            self._begin(x, variants)
            return
        self._values: Array = engine.values(self._tensor, self._clean[self._tensor], self._chunk, images=1)[0]

    def _run(self, variants: Array) -> dict[str, Array]:
        engine, count = self._engine, len(variants)
        found = {}
        if self._resumed.session is not None:
            feeds: dict[str, DeviceTensor | Array] = {
                name: self._fed(name) for name in self._resumed.crossing
            }
            feeds[self._tensor] = self._planted(variants)
            found = self._resumed.session.run(feeds, self._resumed.given, cancellation=self._cancellation)
        result = {}
        for name in self._names:
            if name == self._tensor:
                result[name] = variants
            elif name in found:
                result[name] = engine.values(name, found[name], self._chunk, images=count)
            else:
                own = engine.values(name, self._clean[name], self._chunk, images=1)
                result[name] = np.repeat(own, count, axis=0)
        return result

    def _fed(self, name: str) -> DeviceTensor | Array:
        if name != self._engine.model.input.name:
            return self._clean[name]
        image: Array = self._chunk[0]
        return image if self._engine.model.input.batch_axis is None else self._chunk

    def _planted(self, variants: Array) -> Array:
        """Return variants as the tensor of a run; a run that is not full is filled up with the last."""
        engine, batch = self._engine, len(self._chunk)
        raw = self._clean[self._tensor].numpy()
        codes = engine.model.codes.get(self._tensor)
        planted = codes.nearest(variants, raw.dtype) if codes is not None else variants.astype(raw.dtype)
        place = engine.plan(self._chunk.shape[1:]).of(self._tensor)
        if not place.fits(raw.shape, batch):
            whole: Array = planted[0].reshape(raw.shape)
            return whole
        rows = np.concatenate([planted, np.repeat(planted[-1:], batch - len(planted), axis=0)])
        return place.join(rows).reshape(raw.shape)
