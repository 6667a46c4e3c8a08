"""Backward passes as pairs in the manner of jax.vjp: the values of a tensor, and what pulls seeds back from there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from inspector.engine.engine import Engine
from inspector.engine.sessions import Backward
from inspector.grad.backward import GRADIENT, SEED
from inspector.grad.writing.builder import Batch
from inspector.graph.expose import SWITCHES
from inspector.runtime.tensor import DeviceTensor
from inspector.types.arrays import Array
from inspector.types.control import Cancellation

Pulled = tuple[range, Array, "Pullback"]
"""Which images, the values of the source on the host (images, *source) with codes dequantized, and their pullback."""


def pullbacks(
    engine: Engine,
    x: Array,
    *,
    source: str,
    toward: str,
    policy: str,
    overrides: Mapping[str, str],
    seeds: int = 1,
    cancellation: Cancellation | None = None,
) -> Iterator[Pulled]:
    """Yield, for each batch of (N, …) images, what a forward pass gave at `source` and the way back to `toward`.

    `overrides` names other policies by the tensors that their layers compute; `seeds` is how many a pullback of a
    single image will be given, for the best graph and nothing else.
    """
    alone = seeds == engine.batch_size(x) == 1 and engine.model.input.batch in (None, 1)
    batch = Batch.ONE if alone else Batch.ANY
    backward = engine.sessions.backward(
        source,
        toward,
        policy,
        overrides,
        x.shape[1:],
        batch=batch,
        shapes_of=lambda: engine.shapes.of(next(engine.batches(x))[1], cancellation=cancellation),
    )
    for images, chunk in engine.batches(x, at_most=None if backward.batchable else 1):
        forward = engine.fetch(
            chunk, (source, *backward.saved), switches=backward.switches, cancellation=cancellation
        )
        values = engine.values(source, forward[source], batch=len(chunk), images=len(images))
        shape = forward[source].shape
        saved = [*backward.saved, *(name + SWITCHES for name in backward.switches)]
        feeds = {name: forward[name] for name in saved}
        if len(chunk) > 1:
            most = len(chunk)
        else:
            most = engine.largest_batch(chunk.shape[1:]) if backward.batchable and not alone else 1
        yield (
            images,
            values,
            Pullback(backward, feeds, shape=shape, most=most, fill=len(chunk) > 1, cancellation=cancellation),
        )


class Pullback:
    """seeds -> gradient, for one batch of images. What the forward pass saved stays on the device as long as this."""

    def __init__(
        self,
        backward: Backward,
        feeds: Mapping[str, DeviceTensor],
        *,
        shape: tuple[int, ...],
        most: int,
        fill: bool,
        cancellation: Cancellation | None,
    ) -> None:
        self.most = most
        """How many seeds one run takes; more are several runs."""
        self._backward = backward
        self._feeds = feeds
        self._shape = shape
        self._fill = fill
        self._cancellation = cancellation

    def __call__(self, seeds: Array | DeviceTensor) -> DeviceTensor:
        """Return the gradient at `toward` for seeds at the source, float32, left on the device.

        `seeds` are (n, *source), one for each of n images, or (k, *source) for a single image; on the device
        they are taken as one run. The result is (n or k, *toward).
        """
        if isinstance(seeds, DeviceTensor):
            return self._run(seeds)
        planted = seeds.astype(np.float32, copy=False)
        parts = [
            self._run(self._planted(planted[start : start + self.most]))
            for start in range(0, len(planted), self.most)
        ]
        device = self._backward.session.device
        return DeviceTensor.joined(parts, device=device).first(len(planted), device=device)

    def _planted(self, seeds: Array) -> Array:
        """Return seeds in the shape of the source; where a batch was filled up to a fixed size, its seeds are zero."""
        if self._fill and len(seeds) < self.most:
            rest = np.zeros((self.most - len(seeds), *seeds.shape[1:]), seeds.dtype)
            seeds = np.concatenate([seeds, rest])
        return seeds.reshape(-1, *self._shape[1:]) if self._shape else seeds.reshape(())

    def _run(self, seeds: Array | DeviceTensor) -> DeviceTensor:
        feeds = {SEED: seeds, **self._feeds}
        return self._backward.session.run(feeds, [GRADIENT], cancellation=self._cancellation)[GRADIENT]
