"""The sessions of one model: forward ones by what they expose, backward ones by their ends and policies."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np

from inspector.engine.backward_graphs import AllShapes, BackwardGraphs, BackwardKey
from inspector.errors import ConflictError
from inspector.grad.writing.builder import Batch
from inspector.graph.expose import Exposed, expose
from inspector.graph.laid import write_laid
from inspector.graph.pack import PackedGraph, pack_own
from inspector.graph.sized import tensor_bytes
from inspector.graph.suffix import write_suffix
from inspector.graph.totals import with_totals
from inspector.graph.traits import Traits
from inspector.model.spec import OnnxModel
from inspector.runtime.cache import SessionCache, Sized, is_brief
from inspector.runtime.device import Device
from inspector.runtime.kernels import Kernels, usable_kernels
from inspector.runtime.memory import release_arena, release_free_memory
from inspector.runtime.session import Optimization, Session
from inspector.runtime.tensor import DeviceTensor
from inspector.runtime.threads import Spinning
from inspector.types.arrays import Array
from inspector.types.control import Cancellation

S = TypeVar("S", bound=Sized)


class Opened(Protocol):
    """Opens a session of a part of a model, on a single thread."""

    def __call__(self, packed: PackedGraph, *, often: bool = False) -> Session:
        """Return it; one that runs `often` plans its memory, and where it lasts has a copy of the weights laid out."""


_numbers = itertools.count()

_MANY = 10_000
_WIDE = 512
"""Nodes of a graph, and nodes that read one tensor, beyond which it is run as it is: ONNX Runtime takes the square of
either to rewrite it (docs/decisions/0057-sessions.md)."""

_MANY_BYTES = 64 << 20
"""Of weights, from which on it is worth milliseconds that nothing idle lies beside the copy that is made of them."""

_SMALL_WEIGHTS = 16 << 20
"""Bytes of dense weights behind a tensor, up to which a session that begins there has a copy laid out for its runs.
There are many, and they may take no longer than laying out does."""

_SHORT_RUN_BYTES = 4 << 20
"""Below so many bytes of activations a run takes a few milliseconds, of which waking threads is a large part."""


@dataclass(frozen=True, kw_only=True)
class _WithSession:
    """A session and what belongs to it, as one value of the cache: it takes what the session takes."""

    session: Session | None

    @property
    def size(self) -> int:
        """Bytes of the session."""
        return 0 if self.session is None else self.session.size

    @property
    def device_bytes(self) -> int:
        """Bytes of the session, of the device's own memory."""
        return 0 if self.session is None else self.session.device_bytes

    @property
    def threads(self) -> int:
        """Threads of the session."""
        return 0 if self.session is None else self.session.threads


@dataclass(frozen=True, kw_only=True)
class Backward(_WithSession):
    """A backward session and what it must be fed: one value of the cache, forgotten as one."""

    session: Session
    saved: Exposed
    """What it is fed of a forward pass."""
    batchable: bool
    """Whether several seeds of one image may share a run."""
    rectified: frozenset[str]
    """The outputs of the rectifiers at which a policy had a say."""
    idle: frozenset[str]
    """The tensors of overrides that made no difference."""
    sees_image: bool
    """Whether what comes back depends on any value of the forward pass, and not on the seeds alone."""


@dataclass(frozen=True, kw_only=True)
class Resumed(_WithSession):
    """A session that begins in the middle of the graph, and what it must be fed beside the tensor where it begins."""

    session: Session | None
    """None where nothing that was asked for depends on the tensor."""
    crossing: tuple[str, ...]
    given: tuple[str, ...]


class Sessions:
    """Makes sessions when they are first needed; the cache may forget them, and they are made again."""

    def __init__(
        self,
        model: OnnxModel,
        *,
        traits: Traits,
        device: Device,
        cache: SessionCache,
        answers: Callable[[Cancellation | None], Optimization] | None = None,
    ) -> None:
        """Prepare for `model` on `device`; `answers` says at which level a quantized one gives its answers."""
        self.device = device
        self._answers = answers
        self._model = model
        self._cache = cache
        self._key = next(_numbers)
        self._answered = frozenset(model.answered)
        self._lock = threading.Lock()
        self._weights: dict[str, DeviceTensor] = {}
        self.backward_graphs = BackwardGraphs(model)
        self._closed = False
        self.runs_are_short = _runs_are_short(model)
        """Whether waking threads, and the like of it, is a large part of a run."""
        self._spinning = Spinning.NEVER if self.runs_are_short else Spinning.RUNNING
        self._is_quantized = traits.has_qdq
        self._is_sized = model.input.is_sized
        self._forward_optimization = Optimization.BASIC if traits.has_qdq else Optimization.ALL

    def forward(
        self, asked: Exposed, *, is_exact: bool = True, cancellation: Cancellation | None = None
    ) -> Session:
        """Return the session that gives what is asked of the exported graph.

        Exact ones of a quantized model agree with those that begin in the middle and with the backward ones; others
        run at the level of the model's answers, whose values may be rounded to the code next to it.
        """
        level = self._forward_optimization if is_exact else self.answer_level(cancellation)
        return self._cached(
            ("forward", asked, level),
            lambda: self._exposing(asked, level),
            lasting=asked == Exposed(tensors=asked.tensors) and self._answered.issuperset(asked.tensors),
        )

    def answer_level(self, cancellation: Cancellation | None = None) -> Optimization:
        """Return the level at which the model answers; of a quantized one the first call may compare answers."""
        if self._answers is None or not self._is_quantized:
            return self._forward_optimization
        return self._answers(cancellation)

    def trial(self, tensors: tuple[str, ...], optimization: Optimization) -> Session:
        """Return a session of the exported graph at some level, for a comparison: it is not kept."""
        self.require_open()
        return self._exposing(Exposed(tensors=tensors), optimization)

    def _exposing(self, asked: Exposed, optimization: Optimization) -> Session:
        exposed = expose(
            with_totals(self._model.ir, asked.tensors),
            tensors=asked.tensors,
            switches=asked.switches,
            marks=asked.marks,
        )
        return self._session(
            pack_own(exposed),
            optimization,
            prepacked=self._prepacks(optimization),
            kernels=usable_kernels() if asked.marks else None,
        )

    def _prepacks(self, optimization: Optimization) -> bool:
        """Kernels on codes take twice as long without, and a copy of weights of 8 bits is small."""
        return self._is_quantized and optimization is Optimization.ALL

    def resumed(self, tensor: str, tensors: tuple[str, ...]) -> Resumed:
        """Return the session that gives what of tensors depends on another one, which it takes as an input."""

        def make() -> Resumed:
            model = self._model
            suffix = write_suffix(
                model.ir, tensor=tensor, tensors=tensors, image=model.input.name, dtypes=model.dtypes
            )
            session = None
            if suffix.given:
                packed = pack_own(suffix.model)
                dense = sum(weight.nbytes for weight in packed.weights.values())
                is_small = dense <= _SMALL_WEIGHTS and not self._is_quantized
                session = self._session(packed, self._forward_optimization, prepacked=is_small)
            return Resumed(session=session, crossing=suffix.crossing, given=suffix.given)

        return self._cached(("resumed", tensor, tensors), make)

    def backward_key(
        self,
        source: str,
        target: str,
        policy: str,
        overrides: Mapping[str, str],
        *,
        image: tuple[int, ...],
        batch: Batch = Batch.ANY,
    ) -> BackwardKey:
        """Return which graph leads from a source to a target, for images of a shape without the batch axis.

        `overrides` names other policies by the tensors that their layers compute.
        """
        return BackwardKey(
            source,
            target,
            policy,
            tuple(sorted(overrides.items())) if overrides else (),
            () if self._is_sized else image,
            batch,
            usable_kernels() if self.device.kind == "cpu" else None,
        )

    def backward(self, key: BackwardKey, *, shapes: AllShapes) -> Backward:
        """Return the session of a backward graph."""

        def make() -> Backward:
            graph = self.backward_graphs.take(key, shapes=shapes)
            return Backward(
                session=self._session(pack_own(graph.model), Optimization.ALL, kernels=key.kernels),
                saved=graph.fed,
                batchable=graph.batchable,
                rectified=graph.rectified,
                idle=graph.idle,
                sees_image=graph.sees_image,
            )

        return self._cached(("backward", key), make)

    def fuses_codes(self, cancellation: Cancellation | None = None) -> bool:
        """Return whether the runtime may compute on codes what is written between those that quantize and dequantize.

        As `answer_level`, the first call may compare answers.
        """
        return self.answer_level(cancellation) is Optimization.ALL

    def parts(self, key: Hashable, make: Callable[[Opened], S]) -> S:
        """Return a holder of sessions of the model's parts, which opens them by what `make` is given."""

        def opened(packed: PackedGraph, *, often: bool = False) -> Session:
            self.require_open()
            level = self.answer_level()
            prepacked = (often and not is_brief()) or self._prepacks(level)
            return self._session(packed, level, threads=1, prepacked=prepacked, plans_memory=often)

        return self._cached(("parts", key), lambda: make(opened))

    def once(self, packed: PackedGraph) -> Session:
        """Return a session for one run of a graph: loaded fast, and not kept."""
        self.require_open()
        return self._session(packed, Optimization.NONE)

    def laid(self, image: tuple[int, ...], *, dtype: np.dtype[Any], axes: tuple[int, ...]) -> Session:
        """Return the session that lays a color over boxes of a (1, *image) array, by `write_laid`."""

        def make() -> Session:
            return self._session(write_laid(image, dtype=dtype, axes=axes), Optimization.ALL)

        return self._cached(("laid", image, dtype, axes), make)

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

    def _cached(self, key: tuple[object, ...], make: Callable[[], S], *, lasting: bool = False) -> S:
        self.require_open()

        def made() -> S:
            session = make()
            release_free_memory()
            return session

        return self._cache.get((self._key, *key), made, lasting=lasting)

    def _session(
        self,
        packed: PackedGraph,
        optimization: Optimization,
        *,
        threads: int | None = None,
        kernels: Kernels | None = None,
        prepacked: bool = False,
        plans_memory: bool = False,
    ) -> Session:
        if sum(array.nbytes for array in packed.weights.values()) > _MANY_BYTES:
            release_arena()  # ONNX Runtime takes the weights once more while it makes the session
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
            threads=threads,
            kernels=kernels,
            prepacked=prepacked,
            plans_memory=plans_memory,
        )

    def _shared(self, name: str, array: Array) -> DeviceTensor:
        with self._lock:
            return self._weights.setdefault(name, DeviceTensor.place(array))


def _runs_are_short(model: OnnxModel) -> bool:
    """Return whether one image's activations are known to be few."""
    sizes = tensor_bytes(model, model.shapes)
    is_all = all(isinstance(size, int) for name in sizes for size in model.shapes[name])
    return is_all and sum(sizes.values()) < _SHORT_RUN_BYTES
