"""The sessions of one model: forward ones by what they expose, backward ones by their ends and policies."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from inspector.errors import ConflictError
from inspector.grad.backward import write_backward
from inspector.grad.policies.table import policy_named
from inspector.grad.writing.builder import Batch
from inspector.graph.expose import expose
from inspector.graph.pack import PackedGraph, pack
from inspector.graph.sized import activation_bytes, shapes_at
from inspector.graph.traits import Traits
from inspector.model.spec import OnnxModel
from inspector.runtime.cache import SessionCache
from inspector.runtime.device import Device
from inspector.runtime.memory import release_free_memory
from inspector.runtime.session import Optimization, Session
from inspector.runtime.tensor import DeviceTensor
from inspector.runtime.threads import Spinning
from inspector.types.arrays import Array

_numbers = itertools.count()

_SHORT_RUN_BYTES = 4 << 20
"""Below so many bytes of activations a run takes a few milliseconds, of which waking threads is a large part."""


@dataclass(frozen=True)
class Plan:
    """What a backward session must be fed; the graph itself lives in the session."""

    saved: tuple[str, ...]
    switches: tuple[str, ...]
    batchable: bool


class Sessions:
    """Makes sessions when they are first needed; the cache may forget them, and they are made again."""

    def __init__(self, model: OnnxModel, *, traits: Traits, device: Device, cache: SessionCache) -> None:
        self.device = device
        self._model = model
        self._cache = cache
        self._key = next(_numbers)
        self._lock = threading.Lock()
        self._plans: dict[tuple[object, ...], Plan] = {}
        self._weights: dict[str, DeviceTensor] = {}
        self._closed = False
        self._spinning = Spinning.NEVER if _runs_are_short(model) else Spinning.RUNNING
        self._forward_optimization = Optimization.BASIC if traits.has_qdq else Optimization.ALL

    def forward(self, tensors: tuple[str, ...], switches: tuple[str, ...]) -> Session:
        """Return the session that gives tensors and switches of the exported graph."""

        def make() -> Session:
            exposed = expose(self._model.ir, tensors=tensors, switches=switches)
            return self._session(pack(exposed), self._forward_optimization)

        return self._cached(("forward", tensors, switches), make)

    def backward(
        self,
        source: str,
        target: str,
        policy: str,
        overrides: Mapping[str, str],
        image: Sequence[int],
        *,
        batch: Batch = Batch.ANY,
    ) -> tuple[Session, Plan]:
        """Return the session from a source to a target, for images of a shape without the batch axis, and its plan.

        `overrides` names other policies by the tensors that their layers compute.
        """
        free = not all(isinstance(size, int) for size in self._model.input.shape[1:])
        key = (
            "backward",
            source,
            target,
            policy,
            *sorted(overrides.items()),
            tuple(image) if free else (),
            batch,
        )

        def make() -> Session:
            graph = write_backward(
                self._model.ir,
                source=source,
                target=target,
                policy=policy_named(policy),
                overrides={tensor: policy_named(name) for tensor, name in overrides.items()},
                shapes=shapes_at(self._model, image),
                dtypes=self._model.dtypes,
                batch=batch,
            )
            with self._lock:
                self._plans[key] = Plan(graph.saved, graph.switches, graph.batchable)
            return self._session(pack(graph.model), Optimization.ALL)

        session = self._cached(key, make)
        with self._lock:
            return session, self._plans[key]

    def close(self) -> None:
        """Forget all sessions; runs that are under way end in peace."""
        self._closed = True
        self._cache.drop(lambda key: isinstance(key, tuple) and key[0] == self._key)
        release_free_memory()

    def _cached(self, key: tuple[object, ...], make: Callable[[], Session]) -> Session:
        if self._closed:
            raise ConflictError(
                f"Model {self._model.name!r} was closed; load it again.", reason="MODEL_CLOSED"
            )

        def made() -> Session:
            session = make()
            release_free_memory()
            return session

        return self._cache.get((self._key, *key), made)

    def _session(self, packed: PackedGraph, optimization: Optimization) -> Session:
        own = self._model.ir.graph.initializers
        weights, constants = {}, {}
        for name, array in packed.weights.items():
            if name in own:
                weights[name] = self._shared(name, array)
            else:
                constants[name] = DeviceTensor.place(array)
        return Session(
            packed.graph,
            weights=weights,
            constants=constants,
            device=self.device,
            optimization=optimization,
            spinning=self._spinning,
        )

    def _shared(self, name: str, array: Array) -> DeviceTensor:
        with self._lock:
            return self._weights.setdefault(name, DeviceTensor.place(array))


def _runs_are_short(model: OnnxModel) -> bool:
    """Tell whether one image's activations are known to be few."""
    size, is_all = activation_bytes(model, model.shapes)
    return is_all and size < _SHORT_RUN_BYTES
