"""The sessions of one model: forward ones by what they expose, backward ones by their ends and policies."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from inspector.errors import ConflictError
from inspector.grad.backward import write_backward
from inspector.grad.policies.table import Signal, policy_named
from inspector.grad.writing.builder import Batch
from inspector.graph.expose import expose
from inspector.graph.pack import PackedGraph, pack
from inspector.graph.sized import tensor_bytes
from inspector.graph.suffix import write_suffix
from inspector.graph.traits import Traits
from inspector.model.spec import OnnxModel
from inspector.runtime.cache import SessionCache, Sized
from inspector.runtime.device import Device
from inspector.runtime.memory import release_free_memory
from inspector.runtime.session import Optimization, Session
from inspector.runtime.tensor import DeviceTensor
from inspector.runtime.threads import Spinning
from inspector.types.arrays import Array
from inspector.types.layers import Shape

S = TypeVar("S", bound=Sized)

_numbers = itertools.count()

_MANY = 10_000
_WIDE = 512
"""Nodes of a graph, and nodes that read one tensor, beyond which it is run as it is: ONNX Runtime takes the square of
either to rewrite it (docs/decisions/0057-sessions.md)."""

_SHORT_RUN_BYTES = 4 << 20
"""Below so many bytes of activations a run takes a few milliseconds, of which waking threads is a large part."""


@dataclass(frozen=True, kw_only=True)
class Backward:
    """A backward session and what it must be fed: one value of the cache, forgotten as one."""

    session: Session
    saved: tuple[str, ...]
    """Forward tensors, under their own names."""
    switches: tuple[str, ...]
    """Outputs of max-poolings whose argmax indices are fed, under the name plus SWITCHES."""
    batchable: bool
    """Whether several seeds of one image may share a run."""
    rectified: frozenset[str]
    """The outputs of the rectifiers at which a policy had a say."""
    idle: frozenset[str]
    """The tensors of overrides that made no difference."""
    sees_image: bool
    """Whether what comes back depends on any value of the forward pass, and not on the seeds alone."""

    @property
    def size(self) -> int:
        """Bytes of the session."""
        return self.session.size

    @property
    def threads(self) -> int:
        """Threads of the session."""
        return self.session.threads


@dataclass(frozen=True, kw_only=True)
class Resumed:
    """A session that begins in the middle of the graph, and what it must be fed beside the tensor where it begins."""

    session: Session | None
    """None where nothing that was asked for depends on the tensor."""
    crossing: tuple[str, ...]
    given: tuple[str, ...]

    @property
    def size(self) -> int:
        """Bytes of the session."""
        return 0 if self.session is None else self.session.size

    @property
    def threads(self) -> int:
        """Threads of the session."""
        return 0 if self.session is None else self.session.threads


class Sessions:
    """Makes sessions when they are first needed; the cache may forget them, and they are made again."""

    def __init__(self, model: OnnxModel, *, traits: Traits, device: Device, cache: SessionCache) -> None:
        self.device = device
        self._model = model
        self._cache = cache
        self._key = next(_numbers)
        self._lock = threading.Lock()
        self._weights: dict[str, DeviceTensor] = {}
        self._closed = False
        self.runs_are_short = _runs_are_short(model)
        """Whether waking threads, and the like of it, is a large part of a run."""
        self._spinning = Spinning.NEVER if self.runs_are_short else Spinning.RUNNING
        self._forward_optimization = Optimization.BASIC if traits.has_qdq else Optimization.ALL

    def forward(self, tensors: tuple[str, ...], switches: tuple[str, ...]) -> Session:
        """Return the session that gives tensors and switches of the exported graph."""

        def make() -> Session:
            exposed = expose(self._model.ir, tensors=tensors, switches=switches)
            return self._session(pack(exposed), self._forward_optimization)

        return self._cached(("forward", tensors, switches), make)

    def resumed(self, tensor: str, tensors: tuple[str, ...]) -> Resumed:
        """Return the session that gives what of tensors depends on another one, which it takes as an input."""

        def make() -> Resumed:
            model = self._model
            suffix = write_suffix(
                model.ir, tensor=tensor, tensors=tensors, image=model.input.name, dtypes=model.dtypes
            )
            session = self._session(pack(suffix.model), self._forward_optimization) if suffix.given else None
            return Resumed(session=session, crossing=suffix.crossing, given=suffix.given)

        return self._cached(("resumed", tensor, tensors), make)

    def backward(
        self,
        source: str,
        target: str,
        policy: str,
        overrides: Mapping[str, str],
        image: Sequence[int],
        *,
        shapes: Callable[[], Mapping[str, Shape]],
        batch: Batch = Batch.ANY,
    ) -> Backward:
        """Return the session from a source to a target, for images of a shape without the batch axis.

        `shapes` gives those of all tensors in one run: of a fixed batch, else for one image.

        `overrides` names other policies by the tensors that their layers compute. Seeds and gradients of codes are
        those of the real values.
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

        def make() -> Backward:
            known = shapes()
            graph = write_backward(
                self._model.ir,
                source=source,
                target=target,
                policy=policy_named(policy),
                overrides={tensor: policy_named(name) for tensor, name in overrides.items()},
                shapes=known,
                dtypes=self._model.dtypes,
                batch=batch,
                source_steps=self._steps(source, policy, known),
                target_steps=self._steps(target, policy, known),
            )
            return Backward(
                session=self._session(pack(graph.model), Optimization.ALL),
                saved=graph.saved,
                switches=graph.switches,
                batchable=graph.batchable,
                rectified=graph.rectified,
                idle=graph.idle,
                sees_image=graph.sees_image,
            )

        return self._cached(key, make)

    def once(self, packed: PackedGraph) -> Session:
        """Return a session for one run of a graph: loaded fast, and not kept."""
        self.require_open()
        return self._session(packed, Optimization.NONE)

    def own(self, packed: PackedGraph) -> Session:
        """Return a session for many runs of a graph that is not the model's: whoever asks keeps it."""
        self.require_open()
        return self._session(packed, Optimization.ALL)

    def require_open(self) -> None:
        """Raise ConflictError where `close` was called."""
        if self._closed:
            raise ConflictError(
                f"Model {self._model.name!r} was closed; load it again.", reason="MODEL_CLOSED"
            )

    def close(self) -> None:
        """Forget all sessions; runs that are under way end in peace."""
        self._closed = True
        self._cache.drop(lambda key: isinstance(key, tuple) and key[0] == self._key)
        release_free_memory()

    def _steps(self, tensor: str, policy: str, shapes: Mapping[str, Shape]) -> Array | None:
        """Return ∂(real value)/∂(code) of a tensor of codes, as it broadcasts; None for others.

        Relevance has no unit of its tensor.
        """
        codes, shape = self._model.codes.get(tensor), shapes.get(tensor)
        if codes is None or shape is None or policy_named(policy).signal is Signal.RELEVANCE:
            return None
        return codes.steps(len(shape)).astype(np.float32)

    def _cached(self, key: tuple[object, ...], make: Callable[[], S]) -> S:
        self.require_open()

        def made() -> S:
            session = make()
            release_free_memory()
            return session

        return self._cache.get((self._key, *key), made)

    def _session(self, packed: PackedGraph, optimization: Optimization) -> Session:
        own = self._model.ir.graph.initializers
        is_vast = packed.nodes > _MANY or packed.widest > _WIDE
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
            optimization=Optimization.NONE if is_vast else optimization,
            spinning=self._spinning,
        )

    def _shared(self, name: str, array: Array) -> DeviceTensor:
        with self._lock:
            return self._weights.setdefault(name, DeviceTensor.place(array))


def _runs_are_short(model: OnnxModel) -> bool:
    """Return whether one image's activations are known to be few."""
    sizes = tensor_bytes(model, model.shapes)
    is_all = all(isinstance(size, int) for name in sizes for size in model.shapes[name])
    return is_all and sum(sizes.values()) < _SHORT_RUN_BYTES
