"""Forward passes that begin in the middle: one tensor of an image is replaced, and all else is as it was."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from inspector.engine.engine import Engine
from inspector.engine.run_sizes import last_repeated
from inspector.engine.sessions import Resumed
from inspector.engine.sweeping.trials import Trials
from inspector.errors import EngineError
from inspector.runtime.tensor import DeviceTensor
from inspector.types.arrays import Array
from inspector.types.control import Cancellation

_MANY = 128
"""Variants for which it is worth while to look for the fastest batch, which takes some runs."""
_SHARE = 16
"""Of the variants, one in so many is in the largest batch that is tried."""
_REPEATS = 3
"""Of each trial: what comes behind a tensor may take less than a millisecond."""


class Resumption:
    """One image's pass from a tensor on: variants of the tensor -> what the model makes of each.

    The model runs once, on the one image where what else reaches the part behind the tensor (skip connections,
    branches) can be repeated for a batch of variants, and else on as many copies of it as a run takes variants. All
    runs have a batch of the same size, so that what is the same in two variants is the same to the bit.
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
        """Run the (1, …) image `x` up to all of `tensors`; `variants` is how many will be asked about.

        Raises CancelledError, and EngineError where ONNX Runtime fails.
        """
        self._engine, self._x, self._tensor, self._cancellation = engine, x, tensor, cancellation
        self._names = tuple(dict.fromkeys(tensors))
        self._resumed: Resumed = engine.sessions.resumed(tensor, self._names)
        self._needed = tuple(dict.fromkeys((tensor, *self._resumed.crossing, *self._names)))
        self._begin(variants)

    @property
    def values(self) -> Array:
        """The tensor's real values on the image, (*tensor)."""
        return self._values

    def __call__(self, variants: Array) -> dict[str, Array]:
        """Return the tensors, each (k, …) with codes dequantized, for (k, *tensor) real values in the tensor's place.

        Codes are the nearest to what is given.
        """
        parts: dict[str, list[Array]] = {name: [] for name in self._names}
        try:
            for start in range(0, len(variants), self.most):
                for name, found in self._run(variants[start : start + self.most]).items():
                    parts[name].append(found)
        except EngineError:
            if not self._engine.doubt_batches(self._chunk, self._needed):
                raise
            self._begin(len(variants))
            return self(variants)
        return {name: np.concatenate(found) for name, found in parts.items()}

    # --- before the first variant

    def _begin(self, variants: int) -> None:
        engine, fixed, image = self._engine, self._engine.model.input.batch, self._x.shape[1:]
        is_mixed = engine.company(image, self._needed) is not None
        most = 1 if is_mixed else fixed or max(1, min(engine.largest_batch(image), variants))
        self._run_clean(fixed or 1)
        if fixed or most == 1:
            self._take(fixed or 1, most)
        elif engine.device.kind != "cpu":
            self._take_free(most)
        else:
            self._take_free(_without_rest(self._fastest(most, variants), variants, most))

    def _run_clean(self, copies: int) -> None:
        """Run the image as it is, with so many copies of itself."""
        self._alone = np.repeat(self._x, copies, axis=0)
        self._clean = self._engine.fetch(
            self._alone, self._needed, is_exact=True, cancellation=self._cancellation
        )
        self._raw: Array = self._clean[self._tensor].numpy()
        self._values: Array = self._engine.values(
            self._tensor, self._clean[self._tensor], self._alone, images=1
        )[0]

    def _fastest(self, most: int, variants: int) -> int:
        """Return the size of batches that takes the least time, tried on the tensor as it is if that is not known."""
        sizes, key = self._engine.sweeps.sizes, ("resumed", self._tensor, self._names, self._x.shape[1:])
        known = sizes.peek(key)
        trials = Trials(most, known=known)
        if known is not None or variants < _MANY:
            return trials.size
        trials = Trials(min(most, variants // _SHARE), known=None)
        is_found = trials.size == 1
        while not is_found:
            size = trials.size
            self._take_free(size)
            copies = np.repeat(self._values[None], size, axis=0)
            is_found = trials.tell(size, min(self._timed(copies) for _ in range(_REPEATS)))
        return sizes.keep(key, trials.size)

    def _timed(self, variants: Array) -> float:
        begun = time.process_time()
        self._run(variants)
        return time.process_time() - begun

    def _take_free(self, size: int) -> None:
        """Take batches of a size; what crosses is repeated, or where that is not known to do, run again."""
        if not self._may_be_repeated():
            self._run_clean(size)
        self._take(size, size)

    def _may_be_repeated(self) -> bool:
        """Return whether a batch's tensors are known to be those of its images, one beside the other."""
        plan, count = self._engine.plan(self._x.shape[1:]), len(self._alone)
        crossing = (name for name in self._resumed.crossing if name != self._engine.model.input.name)
        return all(
            plan.of(name).is_separate and plan.of(name).fits(self._clean[name].shape, count)
            for name in (self._tensor, *crossing)
        )

    def _take(self, batch: int, most: int) -> None:
        """Run `batch` images at a time, of which `most` are variants."""
        self._chunk = np.repeat(self._x, batch, axis=0)
        self.most = most
        """How many variants one run takes."""
        self._feeds = {name: self._fed(name) for name in self._resumed.crossing}

    def _fed(self, name: str) -> DeviceTensor | Array:
        if name == self._engine.model.input.name:
            image: Array = self._chunk[0]
            return image if self._engine.model.input.batch_axis is None else self._chunk
        own, there, batch = self._clean[name], len(self._alone), len(self._chunk)
        if there == batch:
            return own
        place = self._engine.plan(self._x.shape[1:]).of(name)
        one = place.split(own.numpy(), there)[:1]
        return DeviceTensor.place(place.join(np.repeat(one, batch, axis=0)), self._engine.device)

    # --- variants

    def _run(self, variants: Array) -> dict[str, Array]:
        engine, count = self._engine, len(variants)
        found = {}
        if self._resumed.session is not None:
            feeds = {**self._feeds, self._tensor: self._planted(variants)}
            found = self._resumed.session.run(feeds, self._resumed.given, cancellation=self._cancellation)
        result = {}
        for name in self._names:
            if name == self._tensor:
                result[name] = variants
            elif name in found:
                result[name] = engine.values(name, found[name], self._chunk, images=count)
            else:
                own = engine.values(name, self._clean[name], self._alone, images=1)
                result[name] = np.repeat(own, count, axis=0)
        return result

    def _planted(self, variants: Array) -> Array:
        """Return variants as the tensor of a run; a run that is not full is filled up with the last."""
        engine, raw, batch = self._engine, self._raw, len(self._chunk)
        codes = engine.model.codes.get(self._tensor)
        planted = (
            codes.nearest(variants, raw.dtype)
            if codes is not None
            else variants.astype(raw.dtype, copy=False)
        )
        place = engine.plan(self._chunk.shape[1:]).of(self._tensor)
        if place.axis is None or not place.fits(raw.shape, len(self._alone)):
            whole: Array = planted[0].reshape(raw.shape)
            return whole
        planted = last_repeated(planted, batch)
        shape = list(raw.shape)
        shape[place.axis] = batch * place.parts
        return place.join(planted).reshape(shape)


def _without_rest(size: int, count: int, most: int) -> int:
    """Return a size of batches near to one, so that the last batch is filled up with as little as may be."""
    return min(range(size, min(size * 3 // 2, most) + 1), key=lambda one: (-(-count // one) * one, one))
