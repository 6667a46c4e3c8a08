"""Backward passes as pairs in the manner of jax.vjp: the values of a tensor, and what pulls seeds back from there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from inspector.engine.engine import Engine
from inspector.engine.parts import restored
from inspector.engine.sessions import Backward
from inspector.errors import EngineError
from inspector.grad.backward import GRADIENT, SEED
from inspector.grad.writing.builder import Batch
from inspector.graph.batch.placement import Placement
from inspector.graph.expose import SWITCHES
from inspector.runtime.device import Device
from inspector.runtime.tensor import DeviceTensor
from inspector.types.arrays import Array
from inspector.types.control import Cancellation
from inspector.types.layers import Shape

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
    again = partial(
        pullbacks, engine, source=source, toward=toward, policy=policy, overrides=overrides, seeds=seeds,
        cancellation=cancellation,
    )  # fmt: skip
    image, fixed = x.shape[1:], engine.model.input.batch
    plan = engine.plan(image)
    is_whole = (
        fixed is not None and fixed > 1
    )  # the way back is then that of the whole batch, as the way there is
    alone = is_whole or (seeds == engine.batch_size(x, [source, toward]) == 1)
    batch = Batch.ONE if alone else Batch.ANY
    backward = engine.sessions.backward(
        source,
        toward,
        policy,
        overrides,
        image,
        shapes=lambda: engine.shapes_for(x, (source, toward), cancellation=cancellation),
        batch=batch,
    )
    ends = Ends(source=plan.of(source), toward=plan.of(toward))
    needed = [source, toward, *([] if is_whole else backward.saved)]
    shares = is_whole or (backward.batchable and ends.lead)
    for images, chunk in engine.batches(x, needed, at_most=None if shares else 1):
        try:
            forward = engine.fetch(
                chunk, (source, *backward.saved), switches=backward.switches, cancellation=cancellation
            )
            values = engine.values(source, forward[source], chunk, images=len(images))
        except EngineError:
            if len(images) == 1 or not engine.doubt_batches(x, needed):
                raise
            for rest, parts, pullback in again(x[images.start :]):
                yield range(images.start + rest.start, images.start + rest.stop), parts, pullback
            return
        shape = forward[source].shape
        saved = [*backward.saved, *(name + SWITCHES for name in backward.switches)]
        feeds = {name: _of_known_rank(forward[name], plan.shapes.get(name), engine.device) for name in saved}
        if is_whole:
            most = 1 if engine.company(image, needed) else len(chunk)
        elif len(chunk) > 1:
            most = len(chunk)
        else:
            most = engine.largest_batch(image) if shares and not alone else 1
        yield (
            images,
            values,
            Pullback(
                backward,
                feeds,
                ends=ends,
                shape=shape,
                batch=len(chunk),
                most=most,
                cancellation=cancellation,
            ),
        )


def _of_known_rank(tensor: DeviceTensor, shape: Shape | None, device: Device) -> DeviceTensor:
    """Return a tensor with the axes that the way back counts on, where the run left one of size 1 out."""
    if shape is None or len(shape) <= len(tensor.shape):
        return tensor
    return DeviceTensor.place(restored(tensor.numpy(), shape), device)


@dataclass(frozen=True, kw_only=True)
class Ends:
    """Where the images stand at both ends of the way back."""

    source: Placement
    toward: Placement

    @property
    def lead(self) -> bool:
        """Whether the images' axis is the first of both, so that seeds stack along it."""
        return self.source.leads and self.toward.leads


class Pullback:
    """seeds -> gradient, for one batch of images. What the forward pass saved stays on the device as long as this."""

    def __init__(
        self,
        backward: Backward,
        feeds: Mapping[str, DeviceTensor],
        *,
        ends: Ends,
        shape: tuple[int, ...],
        batch: int,
        most: int,
        cancellation: Cancellation | None,
    ) -> None:
        """Pull back what a run of `batch` images saved, from a source whose tensor in that run has the shape."""
        self.most = most
        """How many seeds one run takes; more are several runs."""
        self._backward = backward
        self._feeds = feeds
        self._ends = ends
        self._shape = shape
        self._batch = batch
        self._cancellation = cancellation

    @property
    def rectified(self) -> frozenset[str]:
        """The outputs of the rectifiers at which the policy had a say."""
        return self._backward.rectified

    @property
    def idle(self) -> frozenset[str]:
        """The tensors for which another policy was named that made no difference."""
        return self._backward.idle

    @property
    def sees_image(self) -> bool:
        """Whether what comes back depends on the image, beside the seeds."""
        return self._backward.sees_image

    def __call__(self, seeds: Array | DeviceTensor) -> DeviceTensor:
        """Return the gradient at `toward` for seeds at the source, float32, left on the device.

        `seeds` are (n, *source), one for each of n images, or (k, *source) for a single image; on the device they are
        taken as one run, in the shape of the source. The result is (n or k, *toward).
        """
        if isinstance(seeds, DeviceTensor):
            return self._run(seeds)
        planted = seeds.astype(np.float32, copy=False)
        parts = [
            self._gathered(
                self._run(self._planted(planted[start : start + self.most])),
                min(self.most, len(planted) - start),
            )
            for start in range(0, len(planted), self.most)
        ]
        device = self._backward.session.device
        return DeviceTensor.joined(parts, device=device).first(len(planted), device=device)

    def _planted(self, seeds: Array) -> Array:
        """Return seeds in the shape of the source; where there are fewer than images, the other images' are zero."""
        place = self._ends.source
        if self._batch > 1 and place.fits(self._shape, self._batch):
            rest = np.zeros((self._batch - len(seeds), *seeds.shape[1:]), seeds.dtype)
            return place.join(np.concatenate([seeds, rest])).reshape(self._shape)
        if len(seeds) > 1:
            return seeds.reshape(-1, *self._shape[1:])
        if place.axis is None:
            whole: Array = seeds[0]
            return whole
        return seeds.reshape(self._shape)

    def _gathered(self, gradient: DeviceTensor, seeds: int) -> DeviceTensor:
        """Return the gradients of `seeds` seeds, (seeds, *toward).

        Where a batch is one image and its copies, the target depends on all of them: their gradients add up.
        """
        place, batch = self._ends.toward, max(self._batch, seeds)
        is_copies = self._batch > 1 and self.most == 1
        if place.leads and not is_copies:
            return gradient
        if not place.fits(gradient.shape, batch):
            return gradient if place.leads else DeviceTensor.place(gradient.numpy()[None])
        parts = place.split(gradient.numpy(), batch)
        return DeviceTensor.place(parts.sum(axis=0, keepdims=True) if is_copies else parts[:seeds])

    def _run(self, seeds: Array | DeviceTensor) -> DeviceTensor:
        feeds = {SEED: seeds, **self._feeds}
        return self._backward.session.run(feeds, [GRADIENT], cancellation=self._cancellation)[GRADIENT]
