"""The engine: runs a model forward and backward, on batches of any size."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType

import numpy as np

from inspector.engine.sessions import Plan, Sessions
from inspector.errors import InvalidInputError, InvalidModelError, unknown_name
from inspector.grad.backward import GRADIENT, SEED
from inspector.grad.policies.table import Signal, policy_named
from inspector.grad.writing.builder import Batch
from inspector.graph.bottleneck import bottlenecks
from inspector.graph.expose import SWITCHES
from inspector.graph.head import Head, find_head
from inspector.graph.sized import activation_bytes, shapes_at
from inspector.graph.traits import Traits, find_traits
from inspector.model.spec import OnnxModel
from inspector.runtime.cache import SessionCache
from inspector.runtime.cancel import Cancellation
from inspector.runtime.device import Device
from inspector.runtime.session import Session
from inspector.runtime.tensor import DeviceTensor
from inspector.types.arrays import Array

SeedFunction = Callable[[Array, range], Array]
"""(activations of a chunk (n, …), which images it holds) -> seeds (n, …), or (k, …) where n is 1."""

_MOST_IMAGES = 64


class Engine:
    """Runs one model. Thread-safe; sessions are made when first needed and shared through the cache."""

    def __init__(
        self, model: OnnxModel, *, device: Device, cache: SessionCache, batch_bytes: int = 512 << 20
    ) -> None:
        """Prepare to run `model` on `device`; `batch_bytes` bounds the activations of one run."""
        if model.other_inputs:
            raise InvalidModelError(
                f"Model {model.name!r} needs inputs beside the image {model.input.name!r}: "
                f"{', '.join(map(repr, model.other_inputs))}. Export it with those as constants.",
                reason="SEVERAL_INPUTS",
            )
        self.model = model
        self.device = device
        self._heads: dict[str, Head] = {}
        self.traits: Traits = find_traits(model.ir)
        self._sessions = Sessions(model, traits=self.traits, device=device, cache=cache)
        self._batch_bytes = batch_bytes
        self._largest_batches: dict[tuple[int, ...], int] = {}

    @property
    def head(self) -> Head:
        """The head of the first output of floats: what classes mean where no output is named."""
        return self.head_of(None)

    def head_of(self, output: str | None) -> Head:
        """Return the head of an output, by default the first of floats; NotFoundError names those that exist."""
        names = [known.name for known in self.model.outputs]
        floats = [known.name for known in self.model.outputs if "float" in known.dtype]
        name = [*floats, *names][0] if output is None else output
        if name not in names:
            raise unknown_name("output", name, names, field="target.class.output")
        if name not in self._heads:
            self._heads[name] = find_head(self.model.ir, name)
        return self._heads[name]

    def bottlenecks_of(self, tensor: str) -> frozenset[str]:
        """Return the tensors that everything passes on its way from the image to a tensor."""
        return bottlenecks(self.model.ir, image=self.model.input.name, tensor=tensor)

    def close(self) -> None:
        """Forget this model's sessions; runs that are under way end in peace."""
        self._sessions.close()

    # --- forward

    def run(
        self, x: Array, tensors: Sequence[str], *, cancellation: Cancellation | None = None
    ) -> dict[str, Array]:
        """Return tensors of the forward pass for (N, …) images, each (N, …), on the host; codes dequantized."""
        parts: list[dict[str, Array]] = []
        for images, chunk in self.batches(x):
            found = self._forward(chunk, tensors, (), cancellation)
            parts.append(
                {
                    name: self._real(name, _per_image(name, found[name].numpy(), len(chunk))[: len(images)])
                    for name in tensors
                }
            )
        return {name: np.concatenate([part[name] for part in parts]) for name in tensors}

    def batches(self, x: Array, *, at_most: int | None = None) -> Iterator[tuple[range, Array]]:
        """Cut (N, …) images into batches that the model takes; a fixed batch is filled up with the last image.

        Where an image's answer depends on its company, it has none but itself.
        """
        fixed = self.model.input.batch
        size = self._batch_size(x, at_most)
        for start in range(0, len(x), size):
            chunk = x[start : start + size]
            images = range(start, start + len(chunk))
            if fixed and len(chunk) < fixed:
                chunk = np.concatenate([chunk, np.repeat(chunk[-1:], fixed - len(chunk), axis=0)])
            yield images, chunk

    def _batch_size(self, x: Array, at_most: int | None = None) -> int:
        if self.traits.depends_on_batch:
            return 1
        return self.model.input.batch or min(self.largest_batch(x.shape[1:]), at_most or len(x))

    def largest_batch(self, image: tuple[int, ...]) -> int:
        """Return how many images of a shape (without the batch axis) one run takes: their activations fit."""
        if self.traits.depends_on_batch:
            return 1
        if image not in self._largest_batches:
            per_image, _ = activation_bytes(self.model, shapes_at(self.model, image))
            largest = int(np.clip(self._batch_bytes // max(per_image, 1), 1, _MOST_IMAGES))
            self._largest_batches[image] = largest
        return self._largest_batches[image]

    def _forward(
        self,
        chunk: Array,
        tensors: Sequence[str],
        switches: Sequence[str],
        cancellation: Cancellation | None,
    ) -> dict[str, DeviceTensor]:
        names, places = tuple(dict.fromkeys(tensors)), tuple(switches)
        fetch = [*names, *(place + SWITCHES for place in places)]
        session = self._sessions.forward(names, places)
        return session.run({self.model.input.name: chunk}, fetch, cancellation=cancellation)

    # --- backward

    def project(
        self,
        x: Array,
        *,
        source: str,
        policy: str,
        seed: SeedFunction,
        seeds_per_image: int = 1,
        target: str | None = None,
        overrides: Mapping[str, str] = MappingProxyType({}),
        cancellation: Cancellation | None = None,
    ) -> Array:
        """Return the gradient of tensor `source` with respect to `target`, under a policy, for given seeds.

        `seed` gives `seeds_per_image` seeds for each image, more than one only for a single image. The target is a
        tensor, by default the image; `overrides` names other policies by the tensors that their layers compute. One
        forward pass per batch; the seeds of one image share it. The saved tensors stay on the device. Returns float32
        (N or K, *target).
        """
        target = self.model.input.name if target is None else target
        alone = seeds_per_image == self._batch_size(x) == 1 and self.model.input.batch in (None, 1)
        batch = Batch.ONE if alone else Batch.ANY
        session, plan = self._sessions.backward(source, target, policy, overrides, x.shape[1:], batch=batch)
        results: list[Array] = []
        for images, chunk in self.batches(x, at_most=None if plan.batchable else 1):
            forward = self._forward(chunk, (source, *plan.saved), plan.switches, cancellation)
            raw = forward[source].numpy()
            activations = self._real(source, _per_image(source, raw, len(chunk))[: len(images)])
            seeds = seed(activations, images).astype(np.float32, copy=False)
            per_code = self._real_per_code(source, policy, rank=seeds.ndim)
            seeds = seeds if per_code is None else seeds * per_code
            feeds = {name: forward[name] for name in plan.saved}
            feeds |= {name + SWITCHES: forward[name + SWITCHES] for name in plan.switches}
            step = 1 if batch is Batch.ONE else self._seeds_per_run(plan, chunk)
            for part in _parts(seeds, step, fill=len(chunk) > 1):
                planted = part.reshape(-1, *raw.shape[1:]) if raw.ndim else part.reshape(())
                results.append(_gradient(session, {SEED: planted, **feeds}, cancellation))
            results[-1] = results[-1][: len(seeds) - (len(seeds) - 1) // step * step]
        gradient = np.concatenate(results)
        per_code = self._real_per_code(target, policy, rank=gradient.ndim)
        return gradient if per_code is None else gradient / per_code

    def _real_per_code(self, name: str, policy: str, *, rank: int) -> Array | None:
        """Return ∂(real value)/∂(code) of a tensor of codes, of which the backward graph speaks; None for others.

        Relevance has no unit of its tensor.
        """
        codes = self.model.codes.get(name)
        if codes is None or policy_named(policy).signal is Signal.RELEVANCE:
            return None
        return codes.steps(rank).astype(np.float32)

    def _real(self, name: str, array: Array) -> Array:
        """Return the real values of a tensor of codes; others as they are."""
        codes = self.model.codes.get(name)
        return array if codes is None else codes.real(array)

    def _seeds_per_run(self, plan: Plan, chunk: Array) -> int:
        if len(chunk) > 1:
            return len(chunk)
        return self.largest_batch(chunk.shape[1:]) if plan.batchable else 1


def _gradient(
    session: Session, feeds: Mapping[str, DeviceTensor | Array], cancellation: Cancellation | None
) -> Array:
    return session.run(feeds, [GRADIENT], cancellation=cancellation)[GRADIENT].numpy()


def _parts(seeds: Array, step: int, *, fill: bool) -> Iterator[Array]:
    """Cut seeds into runs; where images were filled up to a fixed batch, their seeds are zero."""
    for start in range(0, len(seeds), step):
        part = seeds[start : start + step]
        if fill and len(part) < step:
            part = np.concatenate([part, np.zeros((step - len(part), *part.shape[1:]), part.dtype)])
        yield part


def _per_image(name: str, array: Array, batch: int) -> Array:
    """Return (batch, …): a tensor whose first axis is the batch, holds it as a factor, or knows nothing of it."""
    if array.ndim and array.shape[0] == batch:
        return array
    if batch == 1:
        return array[None]
    if array.ndim and array.shape[0] % batch == 0:
        return array.reshape(batch, array.shape[0] // batch, *array.shape[1:])
    if array.ndim == 0:
        return np.repeat(array[None], batch)
    raise InvalidInputError(
        f"Tensor {name!r} has the shape {array.shape} for {batch} images and cannot be divided among them; give one "
        "image at a time.",
        field="images",
    )
