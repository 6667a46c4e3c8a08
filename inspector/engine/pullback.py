"""Backward passes as pairs in the manner of jax.vjp: the values of a tensor, and what pulls seeds back from there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from inspector.engine.engine import Engine
from inspector.engine.foreseen import HeldPass
from inspector.engine.parts import restored
from inspector.engine.pass_plan import Ends, Way, backward_key, pass_plan
from inspector.engine.sessions import Backward
from inspector.errors import EngineError
from inspector.grad.backward import GRADIENT, SEED
from inspector.grad.writing.builder import Batch
from inspector.runtime.device import Device
from inspector.runtime.tensor import DeviceTensor
from inspector.types.arrays import Array
from inspector.types.control import Cancellation
from inspector.types.layers import Shape

Pulled = tuple[range, Array, "Pullback"]
"""Which images, the values of the source on the host (images, *source) with codes dequantized, and their pullback."""


class Passed(NamedTuple):
    """One batch, once forward, and the ways back from there."""

    images: range
    values: Array
    """Of the source, on the host: (images, *source), codes dequantized."""
    pullbacks: tuple[Pullback, ...]
    """In the order of the ways."""
    beside: Mapping[str, Array]
    """What else the same forward pass gave: by tensor (images, …), on the host, codes dequantized."""


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
    way = Way(toward=toward, policy=policy, overrides=overrides)
    for one in passes(engine, x, source=source, ways=[way], seeds=seeds, cancellation=cancellation):
        yield one.images, one.values, one.pullbacks[0]


def passes(
    engine: Engine,
    x: Array,
    *,
    source: str,
    ways: Sequence[Way],
    beside: Sequence[str] = (),
    seeds: int = 1,
    held: HeldPass | None = None,
    cancellation: Cancellation | None = None,
) -> Iterator[Passed]:
    """Yield, for each batch of (N, …) images, one forward pass, all of the ways back from `source`, and what is beside.

    `seeds` is how many each pullback of a single image will be given, for the best graph and nothing else. A pass that
    is `held` is not made again, where it gave all that is needed.
    """
    image, fixed = x.shape[1:], engine.model.input.batch
    # The way back of a fixed batch is that of the whole batch, as the way there is.
    is_whole = fixed is not None and fixed > 1
    ends = [source, *(way.toward for way in ways)]
    alone = is_whole or (seeds == engine.batch_size(x, ends) == 1)
    batch = Batch.ONE if alone else Batch.ANY
    keys = tuple(backward_key(engine, image, source=source, way=way, batch=batch) for way in ways)
    backward = [
        engine.sessions.backward(
            key, shapes=partial(engine.shapes_for, x, (source, key.target), cancellation=cancellation)
        )
        for key in keys
    ]
    plan = pass_plan(engine, image, keys=keys, backward=backward, beside=tuple(beside))
    at_most = engine.usual_batch(image) if plan.shares and len(x) > 1 else 1
    for images, chunk in engine.batches(x, plan.needed, at_most=at_most):
        try:
            known = None if held is None else held.given(chunk, plan.exposed.names)
            forward = known or engine.fetch(
                chunk, plan.asked, saved=plan.exposed, is_exact=True, cancellation=cancellation
            )
            values, *others = (
                engine.values(name, forward[name], chunk, images=len(images)) for name in (source, *beside)
            )
        except EngineError:
            if len(images) == 1 or not engine.doubt_batches(x, plan.needed):
                raise
            rest = x[images.start :]
            for one in passes(
                engine, rest, source=source, ways=ways, beside=beside, seeds=seeds, cancellation=cancellation
            ):
                yield one._replace(
                    images=range(images.start + one.images.start, images.start + one.images.stop)
                )
            return
        shape = forward[source].shape
        if plan.loses_axes:
            shapes = engine.plan(image).shapes
            forward |= {
                name: _of_known_rank(forward[name], shapes.get(tensor), engine.device)
                for name, tensor in plan.saved.like
            }
        if is_whole:
            most = 1 if engine.company(image, plan.needed) else len(chunk)
        elif len(chunk) > 1:
            most = len(chunk)
        else:
            most = engine.usual_batch(image) if plan.shares and not alone else 1
        pulled = tuple(
            Pullback(
                one,
                {name: forward[name] for name in one.saved.names},
                ends=ends_of_one,
                shape=shape,
                batch=len(chunk),
                most=most,
                cancellation=cancellation,
            )
            for one, ends_of_one in zip(backward, plan.ends, strict=True)
        )
        yield Passed(images, values, pulled, dict(zip(beside, others, strict=True)))


def _of_known_rank(tensor: DeviceTensor, shape: Shape | None, device: Device) -> DeviceTensor:
    """Return a tensor with the axes that the way back counts on, where the run left one of size 1 out."""
    if shape is None or len(shape) <= len(tensor.shape):
        return tensor
    return DeviceTensor.place(restored(tensor.numpy(), shape), device)


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
