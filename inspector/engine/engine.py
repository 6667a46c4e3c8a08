"""The engine: a model on a device, its forward and backward sessions, and batches of any size."""

from __future__ import annotations

import itertools
import math
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from inspector.errors import ConflictError
from inspector.grad.backward import GRADIENT, SEED, BackwardGraph, write_backward
from inspector.grad.policies import policy_named
from inspector.graph.expose import SWITCHES, expose
from inspector.graph.head import Head, find_head
from inspector.graph.pack import PackedGraph, pack
from inspector.graph.traits import find_traits
from inspector.model.spec import Model
from inspector.runtime.cache import SessionCache
from inspector.runtime.cancel import Cancellation
from inspector.runtime.device import Device
from inspector.runtime.session import Optimisation, Session
from inspector.runtime.tensor import DeviceTensor

Array = np.ndarray[Any, np.dtype[Any]]
SeedFunction = Callable[[Array, range], Array]
"""(activations of a chunk (n, …), which images it holds) -> seeds (n, …), or (k, …) where n is 1."""

_numbers = itertools.count()


@dataclass(frozen=True)
class _Plan:
    """What a backward session must be fed; the graph itself lives in the session."""

    saved: tuple[str, ...]
    switches: tuple[str, ...]
    batchable: bool


class Engine:
    """Runs one model. Thread-safe; sessions are made when first needed and shared through the cache."""

    def __init__(
        self, model: Model, *, device: Device, cache: SessionCache, batch_bytes: int = 512 << 20
    ) -> None:
        """Prepare to run `model` on `device`; `batch_bytes` bounds the activations of one run."""
        self.model = model
        self.device = device
        self.head: Head = find_head(model.ir, model.outputs[0].name)
        self._cache = cache
        self._key = next(_numbers)
        self._lock = threading.Lock()
        self._plans: dict[tuple[str, str], _Plan] = {}
        self._weights: dict[str, DeviceTensor] = {}
        self._closed = False
        traits = find_traits(model.ir)
        self._optimisation = Optimisation.BASIC if traits.has_qdq else Optimisation.ALL
        self.largest_batch = 1 if traits.depends_on_batch else _images_within(model, batch_bytes)

    # --- forward

    def run(
        self, x: Array, tensors: Sequence[str], *, cancellation: Cancellation | None = None
    ) -> dict[str, Array]:
        """Return tensors of the forward pass for (N, …) images, each (N, …), on the host."""
        parts: list[dict[str, Array]] = []
        for images, chunk in self.batches(x):
            found = self._forward(chunk, tensors, (), cancellation)
            parts.append({name: found[name].numpy()[: len(images)] for name in tensors})
        return {name: np.concatenate([part[name] for part in parts]) for name in tensors}

    def batches(self, x: Array, *, at_most: int | None = None) -> Iterator[tuple[range, Array]]:
        """Cut (N, …) images into the batches that the model takes; a fixed batch is filled up with the last image."""
        fixed = self.model.input.batch
        size = fixed or min(self.largest_batch, at_most or len(x))
        for start in range(0, len(x), size):
            chunk = x[start : start + size]
            images = range(start, start + len(chunk))
            if fixed and len(chunk) < fixed:
                chunk = np.concatenate([chunk, np.repeat(chunk[-1:], fixed - len(chunk), axis=0)])
            yield images, chunk

    # --- backward

    def project(
        self,
        x: Array,
        *,
        source: str,
        policy: str,
        seed: SeedFunction,
        cancellation: Cancellation | None = None,
    ) -> Array:
        """Return the gradient of tensor `source` with respect to the image, under a policy, for given seeds.

        One forward pass per batch; K seeds of one image share it. The saved tensors stay on the device. Returns
        float32 (N or K, *image).
        """
        plan = self._plan(source, policy)
        results: list[Array] = []
        for images, chunk in self.batches(x, at_most=None if plan.batchable else 1):
            forward = self._forward(chunk, (source, *plan.saved), plan.switches, cancellation)
            activations = forward[source].numpy()
            seeds = seed(activations[: len(images)], images).astype(np.float32, copy=False)
            feeds = {name: forward[name] for name in plan.saved}
            feeds |= {name + SWITCHES: forward[name + SWITCHES] for name in plan.switches}
            results += self._backward(source, policy, plan, seeds, feeds, len(chunk), cancellation)
        return np.concatenate(results)

    def _backward(
        self,
        source: str,
        policy: str,
        plan: _Plan,
        seeds: Array,
        feeds: Mapping[str, DeviceTensor],
        batch: int,
        cancellation: Cancellation | None,
    ) -> Iterator[Array]:
        session = self._backward_session(source, policy)
        step = batch if batch > 1 else self.largest_batch if plan.batchable else 1
        for start in range(0, len(seeds), step):
            part = seeds[start : start + step]
            if 1 < batch != len(part):  # a batch that was filled up takes seeds of zero for what filled it
                fill = np.zeros((batch - len(part), *part.shape[1:]), part.dtype)
                part = np.concatenate([part, fill])
            run = session.run({SEED: part, **feeds}, [GRADIENT], cancellation=cancellation)
            yield run[GRADIENT].numpy()[: len(seeds) - start]

    def _plan(self, source: str, policy: str) -> _Plan:
        with self._lock:
            plan = self._plans.get((source, policy))
        if plan is None:
            self._backward_session(source, policy)
            plan = self._plans[(source, policy)]
        return plan

    def _backward_session(self, source: str, policy: str) -> Session:
        def make() -> Session:
            graph = self._write(source, policy)
            with self._lock:
                self._plans[(source, policy)] = _Plan(graph.saved, graph.switches, graph.batchable)
            return self._session(pack(graph.model), Optimisation.ALL)

        return self._cached(("backward", source, policy), make)

    def _write(self, source: str, policy: str) -> BackwardGraph:
        return write_backward(
            self.model.ir,
            source=source,
            target=self.model.input.name,
            policy=policy_named(policy),
            shapes=self.model.shapes,
            dtypes=self.model.dtypes,
        )

    # --- sessions

    def _forward(
        self,
        chunk: Array,
        tensors: Sequence[str],
        switches: Sequence[str],
        cancellation: Cancellation | None,
    ) -> dict[str, DeviceTensor]:
        names, places = tuple(dict.fromkeys(tensors)), tuple(switches)
        session = self._cached(
            ("forward", names, places),
            lambda: self._session(
                pack(expose(self.model.ir, tensors=names, switches=places)), self._optimisation
            ),
        )
        fetch = [*names, *(place + SWITCHES for place in places)]
        return session.run({self.model.input.name: chunk}, fetch, cancellation=cancellation)

    def _cached(self, key: tuple[object, ...], make: Callable[[], Session]) -> Session:
        if self._closed:
            raise ConflictError(
                f"Model {self.model.name!r} was closed; load it again.", reason="MODEL_CLOSED"
            )
        return self._cache.get((self._key, *key), make)

    def _session(self, packed: PackedGraph, optimisation: Optimisation) -> Session:
        weights = {}
        for name, array in packed.weights.items():
            own = name in self.model.ir.graph.initializers
            weights[name] = self._shared(name, array) if own else DeviceTensor.place(array)
        return Session(packed.graph, weights=weights, device=self.device, optimisation=optimisation)

    def _shared(self, name: str, array: Array) -> DeviceTensor:
        with self._lock:
            return self._weights.setdefault(name, DeviceTensor.place(array))

    def close(self) -> None:
        """Forget this model's sessions; runs that are under way end in peace."""
        self._closed = True
        self._cache.drop(lambda key: isinstance(key, tuple) and key[0] == self._key)


def _images_within(model: Model, batch_bytes: int) -> int:
    """How many images' activations fit in a budget, at least 1 and at most 64."""
    numbers = [s for s in model.shapes.values() if all(isinstance(d, int) for d in s)]
    per_image = 4 * sum(math.prod(d for d in shape if isinstance(d, int)) for shape in numbers)
    return int(np.clip(batch_bytes // max(per_image, 1), 1, 64))
