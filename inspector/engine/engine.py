"""The engine: one model on one device; its sessions, its batches, and single runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from inspector.engine.heads import MeasuredHeads
from inspector.engine.image_sizes import ImageSizes
from inspector.engine.joint_runs import Joining, JointRuns
from inspector.engine.kept import Kept
from inspector.engine.parts import image_parts
from inspector.engine.sessions import Sessions
from inspector.engine.shapes import Shapes
from inspector.errors import EngineError, InvalidModelError, LimitExceededError, unknown_name
from inspector.graph.batch.plan import BatchPlan, plan_batches
from inspector.graph.bottleneck import Step, bottlenecks, features_before, way
from inspector.graph.expose import SWITCHES
from inspector.graph.randomize import randomized, weighted_layers
from inspector.graph.sized import peak_bytes, tensor_bytes
from inspector.graph.traits import Traits, find_traits
from inspector.model.heads.head import Head
from inspector.model.spec import OnnxModel
from inspector.runtime.cache import SessionCache
from inspector.runtime.device import Device
from inspector.runtime.session import Session
from inspector.runtime.tensor import DeviceTensor
from inspector.types.arrays import Array
from inspector.types.control import Cancellation
from inspector.types.layers import Shape

_MOST_IMAGES = 64
_USUAL_SIZES = (4, 16)
"""Of batches, beside one and the largest, where every other size would have to be planned for."""
_MOST_SHAPES = 64
"""Shapes of images, where a model leaves them free, of which plans and the sizes of the activations are kept."""
_MOST_TENSORS = 1024
"""Of which it is kept what lies before them."""


class Engine:
    """Runs one model. Thread-safe; sessions are made when first needed and shared through the cache."""

    def __init__(
        self,
        model: OnnxModel,
        *,
        device: Device,
        cache: SessionCache,
        batch_bytes: int = 512 << 20,
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
        self._cache = cache
        self.traits: Traits = find_traits(model.ir)
        self.sessions = Sessions(model, traits=self.traits, device=device, cache=cache)
        self._heads = MeasuredHeads(model, run=self._run_once)
        self.shapes = Shapes(model, self.sessions)
        self.image_sizes = ImageSizes(model.input)
        self._batch_bytes = batch_bytes
        self._known_sizes: Kept[tuple[int, ...], tuple[int, Mapping[str, int]]] = Kept(most=_MOST_SHAPES)
        self._peaks: Kept[tuple[int, ...], int] = Kept(most=_MOST_SHAPES)
        self._plans: Kept[tuple[int, ...], BatchPlan] = Kept(most=_MOST_SHAPES)
        self._bottlenecks: Kept[str, frozenset[str]] = Kept(most=_MOST_TENSORS)
        self._features: Kept[str, str | None] = Kept(most=_MOST_TENSORS)
        self._refused: str | None = None
        self.joint_runs: JointRuns[dict[str, Array]] | None = None

    @property
    def head(self) -> Head:
        """The head that is read where no output is named: the one that says classes before all others."""
        return self.head_of(None)

    def head_of(self, output: str | None) -> Head:
        """Return what an output means, by default the one that says classes; NotFoundError names those that exist."""
        names = [known.name for known in self.model.outputs]
        name = self.model.heads.default or names[0] if output is None else output
        if name not in names:
            raise unknown_name("output", name, names, field="output")
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
        return way(self.model.ir, image=self.model.input.name, tensor=tensor)

    def weighted_to(self, tensor: str) -> tuple[str, ...]:
        """Return the tensors that layers with weights compute on the way from the image to a tensor, in graph order."""
        return weighted_layers(self.model.ir, [*(step.tensor for step in self.way_to(tensor)), tensor])

    @contextmanager
    def randomized(self, layers: Sequence[str], *, seed: int) -> Iterator[Engine]:
        """Give an engine of the same model with the weights of layers (named by their tensors) shuffled.

        It shares the device and the cache, and is closed after the block.
        """
        model = replace(self.model, ir=randomized(self.model.ir, layers, seed=seed))
        # Nobody else runs it, so there is nobody to share runs with.
        other = Engine(model, device=self.device, cache=self._cache, batch_bytes=self._batch_bytes)
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
        size = self.batch_size(x, tensors, at_most=at_most)
        for start in range(0, len(x), size):
            chunk = x[start : start + size]
            yield range(start, start + len(chunk)), self.filled(chunk)

    def filled(self, chunk: Array) -> Array:
        """Return images, at least one, as a batch that the model takes: a fixed one is filled up with the last.

        So is a free one where the device plans for one shape at a time: to one of few sizes.
        """
        missing = (self.model.input.batch or self._usual_size(chunk)) - len(chunk)
        return np.concatenate([chunk, np.repeat(chunk[-1:], missing, axis=0)]) if missing > 0 else chunk

    def _usual_size(self, chunk: Array) -> int:
        count = len(chunk)
        if count == 1 or not self.device.plans_by_shape:
            return count
        largest = self.largest_batch(chunk.shape[1:])
        return next((size for size in _USUAL_SIZES if count <= size < largest), max(count, largest))

    def batch_size(self, x: Array, tensors: Sequence[str], *, at_most: int | None = None) -> int:
        """Return how many of the images of `x` a batch holds, at most, where tensors are asked for."""
        fixed = self.model.input.batch
        if fixed != 1 and (len(x) > 1 or fixed) and self.company(x.shape[1:], tensors) is not None:
            return 1
        return fixed or min(self.largest_batch(x.shape[1:]), at_most or len(x))

    def largest_batch(self, image: tuple[int, ...], tensors: Sequence[str] = ()) -> int:
        """Return how many images of a shape (without the batch axis) one run takes: their activations fit.

        Of `tensors` that need runs of their own for every image, one.
        """
        if self.company(image, tensors) is not None:
            return 1
        total, _ = self._sizes(image)
        return min(max(self._batch_bytes // max(total, 1), 1), _MOST_IMAGES)

    def groups(self, tensors: Sequence[str], chunk: Array) -> Iterator[tuple[str, ...]]:
        """Cut tensors, in their order, into groups whose values for a batch fit; one that never fits is alone."""
        total, sizes = self._sizes(chunk.shape[1:])
        if total * len(chunk) <= self._batch_bytes:
            yield tuple(tensors)
            return
        group: list[str] = []
        filled = 0
        for name in tensors:
            size = sizes.get(name, 0) * len(chunk)
            if group and filled + size > self._batch_bytes:
                yield tuple(group)
                group, filled = [], 0
            group.append(name)
            filled += size
        if group:
            yield tuple(group)

    def _sizes(self, image: tuple[int, ...]) -> tuple[int, Mapping[str, int]]:
        """Return the bytes of one image's activations, of all and by tensor."""

        def measure() -> tuple[int, Mapping[str, int]]:
            of_run = tensor_bytes(self.model, self.plan(image).shapes)
            sizes = {name: size // (self.model.input.batch or 1) for name, size in of_run.items()}
            return sum(sizes.values()), sizes

        return self._known_sizes.get(image, measure)

    def _require_room(self, chunk: Array, tensors: Sequence[str]) -> None:
        """Raise LimitExceededError where a run on images of a size that the model leaves free would hold too much."""
        image = chunk.shape[1:]
        if all(isinstance(size, int) for size in self.model.input.image_shape):
            return
        _, sizes = self._sizes(image)
        peak = self._peaks.get(image, lambda: peak_bytes(self.model, sizes))
        needed = (peak + sum(sizes.get(name, 0) for name in tensors)) * len(chunk)
        limits = self.model.limits
        if needed > limits.max_run_bytes:
            raise LimitExceededError(
                f"On images of shape {image} this model holds about {needed:,} bytes at a time; the limit is "
                f"{limits.max_run_bytes:,}. Give smaller images. {limits.mend('max_run_bytes')}",
                reason="IMAGE_TOO_LARGE",
                field="images",
            )

    # --- one run

    def fetch(
        self,
        chunk: Array,
        tensors: Sequence[str],
        *,
        switches: Sequence[str] = (),
        cancellation: Cancellation | None = None,
    ) -> dict[str, DeviceTensor]:
        """Run one batch forward and return tensors and switches, left on the device.

        Raises ImageSizeError where the model runs on images of other sizes, but not on these.
        """
        try:
            return self.run_forward(chunk, tensors, switches=switches, cancellation=cancellation)
        except EngineError as error:
            session, fetch = self._forward(tensors, switches)
            explained = self.image_sizes.explained(error, session, chunk, fetch, cancellation=cancellation)
            if explained is error:
                raise
            raise explained from error

    def run_forward(
        self,
        chunk: Array,
        tensors: Sequence[str],
        *,
        switches: Sequence[str] = (),
        cancellation: Cancellation | None = None,
    ) -> dict[str, DeviceTensor]:
        """Do what `fetch` does; where the run fails, do not ask whether images of other sizes would run."""
        self._require_room(chunk, tensors)
        session, fetch = self._forward(tensors, switches)
        fed = chunk[0] if self.model.input.batch_axis is None else chunk
        return session.run({self.model.input.name: fed}, fetch, cancellation=cancellation)

    def _forward(self, tensors: Sequence[str], switches: Sequence[str]) -> tuple[Session, list[str]]:
        """Return the session for tensors and switches, and what to fetch from it."""
        names, places = tuple(dict.fromkeys(tensors)), tuple(switches)
        return self.sessions.forward(names, places), [*names, *(place + SWITCHES for place in places)]

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
        plan = self.plan(chunk.shape[1:])
        array = image_parts(
            name, tensor.numpy(), plan.of(name), batch=len(chunk), images=images, shape=plan.shapes.get(name)
        )
        codes = self.model.codes.get(name)
        return array if codes is None else codes.real(array)
