"""The engine: one model on one device; its sessions, its batches, and single runs."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from inspector.engine.heads import MeasuredHeads
from inspector.engine.image_sizes import ImageSizes
from inspector.engine.joint_runs import Joining, JointRuns
from inspector.engine.kept import Kept
from inspector.engine.parts import image_parts
from inspector.engine.quantized.level import Level, QuantizedLevel
from inspector.engine.room import Room, usual_run_bytes
from inspector.engine.run_sizes import filled_size, last_repeated, next_size, run_sizes
from inspector.engine.sessions import Sessions
from inspector.engine.shapes import Shapes
from inspector.engine.sweeping.known import KnownSweeps
from inspector.errors import EngineError, InvalidModelError, unknown_name
from inspector.graph.batch.plan import BatchPlan, plan_batches
from inspector.graph.bottleneck import Step, bottlenecks, features_before, way
from inspector.graph.code_step import code_step
from inspector.graph.expose import Exposed
from inspector.graph.randomize import randomized, weighted_layers
from inspector.graph.traits import Traits, find_traits
from inspector.model.heads.head import Head
from inspector.model.spec import OnnxModel
from inspector.runtime.cache import SessionCache
from inspector.runtime.device import CPU, Device
from inspector.runtime.session import Optimization, Session
from inspector.runtime.tensor import DeviceTensor
from inspector.types.arrays import Array
from inspector.types.control import Cancellation
from inspector.types.layers import Shape

_MOST_SHAPES = 64
"""Shapes of images, where a model leaves them free, of which plans are kept."""
_MOST_PASSES = 16
"""Ways there and back of which the plans are kept: each is made in less time than a small layer takes."""
_MOST_TENSORS = 1024
"""Of which it is kept what lies before them."""
_MOST_WAYS = 64
"""Of which each step from the image is kept, too."""

_NOTHING = Exposed()

T = TypeVar("T")


class Engine:
    """Runs one model. Thread-safe; sessions are made when first needed and shared through the cache."""

    def __init__(
        self,
        model: OnnxModel,
        *,
        device: Device,
        cache: SessionCache,
        batch_bytes: int | None = None,
        is_exact: bool = False,
    ) -> None:
        """Prepare to run `model` on `device`; `batch_bytes` bounds the activations of one run, or `usual_run_bytes`.

        An exact one runs every operator of a quantized model as the file has it, and never compares.
        """
        if model.other_inputs:
            raise InvalidModelError(
                f"Model {model.name!r} needs inputs beside the image {model.input.name!r}: "
                f"{', '.join(map(repr, model.other_inputs))}. Export it with those as constants.",
                reason="SEVERAL_INPUTS",
            )
        self.model = model
        self.device = device
        self._cache = cache
        self.traits: Traits = find_traits(model.ir)
        self.level = self._level(is_exact=is_exact)
        """At which level a quantized model answers; None of others, and where that was not to be found out."""
        level = self.level
        self.sessions = Sessions(
            model,
            traits=self.traits,
            device=device,
            cache=cache,
            answers=None if level is None else lambda token: level.get(token).optimization,
        )
        self._heads = MeasuredHeads(model, run=self._run_once)
        self.shapes = Shapes(model, self.sessions)
        self.image_sizes = ImageSizes(model.input)
        self.sweeps = KnownSweeps()
        run_bytes = usual_run_bytes(device) if batch_bytes is None else batch_bytes
        self.room = Room(model, run_bytes=run_bytes, shapes=lambda image: self.plan(image).shapes)
        self._plans: Kept[tuple[int, ...], BatchPlan] = Kept(most=_MOST_SHAPES)
        self._bottlenecks: Kept[str, frozenset[str]] = Kept(most=_MOST_TENSORS)
        self._features: Kept[str, str | None] = Kept(most=_MOST_TENSORS)
        self._ways: Kept[str, tuple[Step, ...]] = Kept(most=_MOST_WAYS)
        self._learned: Kept[Hashable, Any] = Kept(most=_MOST_SHAPES)
        self.pass_plans: Kept[Hashable, Any] = Kept(most=_MOST_PASSES)
        """Of inspector.engine.pass_plan."""
        self._outputs = tuple(known.name for known in model.outputs)
        self._refused: str | None = None
        self.joint_runs: JointRuns[dict[str, Array]] | None = None

    @property
    def known_level(self) -> Level | None:
        """How far ONNX Runtime rewrites the graph for answers; None of a quantized model that has not answered yet."""
        if not self.traits.has_qdq:
            return Level(optimization=Optimization.ALL)
        if self.level is None:
            return Level(optimization=Optimization.BASIC, reason="answers are compared on the CPU only")
        return self.level.known

    def find_level(self) -> None:
        """Find now at which level a quantized model answers, which its first run does else."""
        if self.level is not None:
            self.level.get()

    def _level(self, *, is_exact: bool) -> QuantizedLevel | None:
        if is_exact or not self.traits.has_qdq or self.device != CPU:
            return None
        model, tensors = self.model, self.model.answered

        def answers(
            optimization: Optimization, images: Sequence[Array], token: Cancellation | None
        ) -> Iterator[Mapping[str, Array]]:
            run = self.trial(tensors, optimization, cancellation=token)
            for image in images:
                yield {name: tensor.numpy() for name, tensor in run(self.filled(image)).items()}

        return QuantizedLevel(
            model, steps=lambda: {name: code_step(model.ir, name) for name in tensors}, answers=answers
        )

    @property
    def head(self) -> Head:
        """The head that is read where no output is named: the one that says classes before all others."""
        return self.head_of(None)

    def head_of(self, output: str | None) -> Head:
        """Return what an output means, by default the one that says classes; NotFoundError names those that exist."""
        name = self.model.heads.default or self._outputs[0] if output is None else output
        if name not in self._outputs:
            raise unknown_name("output", name, self._outputs, field="output")
        return self._heads.of(name)

    def _run_once(self, x: Array, tensors: Sequence[str]) -> dict[str, Array]:
        """Return tensors of one image."""
        for _, chunk in self.batches(x, tensors):
            found = self.fetch(chunk, tensors)
            return {name: self.values(name, tensor, chunk, images=1)[0] for name, tensor in found.items()}
        return {}

    def features_of(self, tensor: str) -> str | None:
        """Return what the last dense or convolutional layer before a tensor reads."""
        return self._features.get(tensor, lambda: features_before(self.model.ir, tensor))

    def bottlenecks_of(self, tensor: str) -> frozenset[str]:
        """Return the tensors that everything passes on its way from the image to a tensor."""
        image = self.model.input.name
        return self._bottlenecks.get(tensor, lambda: bottlenecks(self.model.ir, image=image, tensor=tensor))

    def way_to(self, tensor: str) -> tuple[Step, ...]:
        """Return what is computed between the image and a tensor, in graph order."""
        image = self.model.input.name
        return self._ways.get(tensor, lambda: way(self.model.ir, image=image, tensor=tensor))

    def learned(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what `make` reads off the graph, which is read once and kept; a key names who reads, and what.

        What is kept must be as true of the next call, and does not hold the engine, which would then outlive its use.
        """
        found: T = self._learned.get(key, make)
        return found

    def weighted_to(self, tensor: str) -> tuple[str, ...]:
        """Return the tensors that layers with weights compute on the way from the image to a tensor, in graph order."""
        return weighted_layers(self.model.ir, [*(step.tensor for step in self.way_to(tensor)), tensor])

    @contextmanager
    def randomized(self, layers: Sequence[str], *, seed: int) -> Iterator[Engine]:
        """Give an engine of the same model with the weights of layers (named by their tensors) shuffled.

        It shares the device and the cache, and is closed after the block.
        """
        model = replace(self.model, ir=randomized(self.model.ir, layers, seed=seed))
        # Nobody else runs it, so there is nobody to share runs with; its weights are not those of the file's digest.
        other = Engine(
            model, device=self.device, cache=self._cache, batch_bytes=self.room.run_bytes, is_exact=True
        )
        try:
            yield other
        finally:
            other.close()

    @contextmanager
    def elsewhere(self, device: Device) -> Iterator[Engine]:
        """Give an engine of the same model on another device; it shares the cache, and is closed after the block."""
        other = Engine(self.model, device=device, cache=self._cache)
        try:
            yield other
        finally:
            other.close()

    def share_runs(self, joining: Joining) -> None:
        """From now on, let calls of several threads that come at the same time share runs."""
        self.joint_runs = JointRuns(joining) if joining.images > 1 else None

    def require_open(self) -> None:
        """Raise ConflictError where the model was closed."""
        self.sessions.require_open()

    def close(self) -> None:
        """Forget this model's sessions; runs that are under way end in peace."""
        self.sessions.close()

    # --- batches

    def plan(self, image: tuple[int, ...]) -> BatchPlan:
        """Return where the images of a batch stand in every tensor, for images of a shape (without the batch axis)."""
        return self._plans.get(image, lambda: plan_batches(self.model, image))

    def company(self, image: tuple[int, ...], tensors: Iterable[str]) -> str | None:
        """Return why images need runs of their own for some tensors; None where several may share one, or never do."""
        return None if self.model.input.batch == 1 else self._refused or self.plan(image).reason(tensors)

    def doubt_batches(self, x: Array, tensors: Sequence[str]) -> bool:
        """Let every image run alone from now on, after a run failed; False where that is no way out.

        Exports can say that a batch is free and mean one image.
        """
        if self.model.input.batch is not None or self.batch_size(x, tensors) == 1:
            return False
        self._refused = "this model fails with several images at once"
        return True

    def batches(
        self, x: Array, tensors: Sequence[str], *, at_most: int | None = None
    ) -> Iterator[tuple[range, Array]]:
        """Cut (N, …) images into batches that the model takes, for tensors; a fixed batch is filled up with the last.

        Where an image's values depend on its company, or may, it has none but itself.
        """
        size, sizes, start = self.batch_size(x, tensors, at_most=at_most), self.run_sizes(x.shape[1:]), 0
        while start < len(x):
            chunk = x[start : start + next_size(min(size, len(x) - start), sizes)]
            yield range(start, start + len(chunk)), self.filled(chunk)
            start += len(chunk)

    def filled(self, chunk: Array) -> Array:
        """Return images, at least one, as a batch that the model takes: a fixed one is filled up with the last.

        So is a free one where the device plans for one shape at a time: to one of few sizes.
        """
        size = self.model.input.batch or filled_size(len(chunk), self.run_sizes(chunk.shape[1:]))
        return last_repeated(chunk, size)

    def run_sizes(self, image: tuple[int, ...]) -> Sequence[int]:
        """Return the sizes of runs of images of a shape, where the batch is free and not every size is as good."""
        if self.model.input.batch is not None or not self.device.plans_by_shape:
            return ()
        return run_sizes(self.largest_batch(image))

    def batch_size(self, x: Array, tensors: Sequence[str], *, at_most: int | None = None) -> int:
        """Return how many of the images of `x` a batch holds, at most, where tensors are asked for."""
        fixed = self.model.input.batch
        if len(x) == 1 and not fixed:
            return 1
        if fixed != 1 and (len(x) > 1 or fixed) and self.company(x.shape[1:], tensors) is not None:
            return 1
        return fixed or min(self.largest_batch(x.shape[1:]), at_most or len(x))

    def largest_batch(self, image: tuple[int, ...], tensors: Sequence[str] = ()) -> int:
        """Return how many images of a shape (without the batch axis) one run takes: their activations fit.

        Of `tensors` that need runs of their own for every image, one.
        """
        if self.company(image, tensors) is not None:
            return 1
        return self.room.most(image)

    def usual_batch(self, image: tuple[int, ...]) -> int:
        """Return how many images of a shape one run takes where many are to be run there and back: the fastest size.

        Elsewhere than on CPUs that is the largest batch.
        """
        largest = self.largest_batch(image)
        return min(largest, self.room.fastest(image)) if self.device.kind == "cpu" else largest

    def groups(self, tensors: Sequence[str], chunk: Array) -> Iterator[tuple[str, ...]]:
        """Cut tensors, in their order, into groups whose values for a batch fit; one that never fits is alone."""
        return self.room.groups(tensors, chunk.shape[1:], count=len(chunk))

    def require_room(self, image: tuple[int, ...], tensors: Sequence[str] = (), *, count: int = 1) -> None:
        """Raise LimitExceededError where a run on images of a shape (without the batch axis) would hold too much.

        So it does for one that is run in any case, before there is one, where the model leaves the size free.
        """
        self.room.require(image, tensors, count=count)

    # --- one run

    def fetch(
        self,
        chunk: Array,
        tensors: Sequence[str],
        *,
        saved: Exposed = _NOTHING,
        is_exact: bool = False,
        cancellation: Cancellation | None = None,
    ) -> dict[str, DeviceTensor]:
        """Run one batch forward and return tensors, and what is saved for a way back, left on the device.

        Of a quantized model, an exact run agrees with sessions that begin in the middle and with backward ones.

        Raises ImageSizeError where the model runs on images of other sizes, but not on these.
        """
        try:
            return self.run_forward(chunk, tensors, saved=saved, is_exact=is_exact, cancellation=cancellation)
        except EngineError as error:
            session, fetch = self._forward(tensors, saved, is_exact=is_exact, cancellation=cancellation)
            explained = self.image_sizes.explained(error, session, chunk, fetch, cancellation=cancellation)
            if explained is error:
                raise
            raise explained from error

    def run_forward(
        self,
        chunk: Array | DeviceTensor,
        tensors: Sequence[str],
        *,
        saved: Exposed = _NOTHING,
        is_exact: bool = False,
        cancellation: Cancellation | None = None,
    ) -> dict[str, DeviceTensor]:
        """Do what `fetch` does; where the run fails, do not ask whether images of other sizes would run.

        The batch may be one that was made on the device.
        """
        self.require_room(chunk.shape[1:], tensors, count=chunk.shape[0])
        session, fetch = self._forward(tensors, saved, is_exact=is_exact, cancellation=cancellation)
        return session.run(self._feeds(chunk), fetch, cancellation=cancellation)

    def trial(
        self, tensors: Sequence[str], optimization: Optimization, *, cancellation: Cancellation | None = None
    ) -> Callable[[Array], dict[str, DeviceTensor]]:
        """Return what runs one batch at some level, for a comparison: its session is made now, and not kept."""
        session = self.sessions.trial(tuple(tensors), optimization)
        return lambda chunk: session.run(self._feeds(chunk), tensors, cancellation=cancellation)

    def _feeds(self, chunk: Array | DeviceTensor) -> dict[str, Array | DeviceTensor]:
        if self.model.input.batch_axis is None and isinstance(chunk, np.ndarray):
            return {self.model.input.name: chunk[0]}
        return {self.model.input.name: chunk}

    def _forward(
        self,
        tensors: Sequence[str],
        saved: Exposed,
        *,
        is_exact: bool,
        cancellation: Cancellation | None,
    ) -> tuple[Session, tuple[str, ...]]:
        """Return the session for tensors and what is saved, and what to fetch from it."""
        asked = Exposed.union((Exposed(tensors=tuple(tensors)), saved))
        session = self.sessions.forward(asked, is_exact=is_exact, cancellation=cancellation)
        return session, asked.names

    def shapes_for(
        self, x: Array, tensors: Sequence[str], *, cancellation: Cancellation | None = None
    ) -> Mapping[str, Shape]:
        """Return the shapes of all tensors in a run of images like `x`, between such of them as `tensors`."""
        _, chunk = next(self.batches(x, tensors))
        return self.shapes.of(
            chunk,
            self.plan(x.shape[1:]).shapes,
            otherwise=lambda: self.fetch(chunk, tensors[:1], cancellation=cancellation),
            cancellation=cancellation,
        )

    def values(self, name: str, tensor: DeviceTensor, chunk: Array, *, images: int) -> Array:
        """Return the real values of the first `images` of a batch, (images, …), on the host; codes dequantized."""
        array = self.parts(name, tensor, chunk, images=images)
        codes = self.model.codes.get(name)
        return array if codes is None else codes.real(array)

    def parts(self, name: str, tensor: DeviceTensor, chunk: Array, *, images: int) -> Array:
        """Return the first `images` of a batch, (images, …), on the host, as they are: codes stay codes."""
        plan = self.plan(chunk.shape[1:])
        return image_parts(
            name, tensor.numpy(), plan.of(name), batch=len(chunk), images=images, shape=plan.shapes.get(name)
        )
