"""The chain: many runs of the model there and back for images that never leave the device, as a loop needs them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from inspector.engine.engine import Engine
from inspector.engine.sessions import Backward
from inspector.errors import UnsupportedOperatorError
from inspector.grad.backward import GRADIENT, SEED
from inspector.grad.synthesis.aim import Source
from inspector.grad.writing.builder import Batch
from inspector.graph.expose import Exposed
from inspector.graph.synthesis.rows import Rows, RunRows
from inspector.runtime.tensor import DeviceTensor
from inspector.types.arrays import Array
from inspector.types.control import Cancellation

Forward = Mapping[str, DeviceTensor]
"""What one run gave: tensors under their own names, switches with their suffix."""


class Chain:
    """There and back between the image and some tensors, for so many images of one shape; all on the device."""

    def __init__(
        self,
        engine: Engine,
        images: Array,
        tensors: Sequence[str],
        *,
        policy: str = "gradient",
        cancellation: Cancellation,
    ) -> None:
        """Prepare for images like (rows, *image), which run once forward to show the shapes.

        Raises UnsupportedOperatorError and InvalidInputError where there is no way back, EngineError where a run fails.
        """
        self._engine, self._tensors, self._cancellation = engine, tuple(tensors), cancellation
        self._policy = policy
        self.rows = self._cut(images, alone=False)
        self._backward = self._ways_back(images)
        if not self._shares(images.shape[1:]):
            self.rows = self._cut(images, alone=True)
        asked = Exposed.union((Exposed(tensors=self._tensors), *(way.saved for way in self._backward)))
        self._forward, self._fetch = engine.sessions.forward(asked), asked.names

    def forward(self, images: Sequence[DeviceTensor]) -> list[Forward]:
        """Return what each run gives for its images."""
        name = self._engine.model.input.name
        return [
            self._forward.run({name: one}, self._fetch, cancellation=self._cancellation) for one in images
        ]

    def backward(self, source: int, run: Forward, seeds: DeviceTensor) -> DeviceTensor:
        """Return the gradient at one run's images for seeds at one of the tensors."""
        way = self._backward[source]
        feeds = {name: run[name] for name in way.saved.names}
        return way.session.run({**feeds, SEED: seeds}, [GRADIENT], cancellation=self._cancellation)[GRADIENT]

    def sources(self, runs: Sequence[Forward]) -> list[Source]:
        """Return what the tensors are, as the runs gave them."""
        return [self._source(tensor, [run[tensor] for run in runs]) for tensor in self._tensors]

    def _source(self, tensor: str, given: Sequence[DeviceTensor]) -> Source:
        first, run = given[0], self.rows.runs[0]
        place = self._engine.plan(self._image).of(tensor)
        shape = first.shape
        if (run.batch or 1) > 1 or place.leads:
            if not place.leads:
                raise UnsupportedOperatorError(
                    f"The images of a batch do not lie along the first axis of {tensor!r}, and this model takes "
                    f"{run.batch} at once: no picture can be made for that tensor. Export the model with a batch of 1.",
                    reason="BATCH_MOVED",
                )
            shape = shape[1:]
        return Source(
            tensor=tensor,
            shape=tuple(shape),
            dtype=first.dtype,
            runs=tuple(one.shape for one in given),
            codes=self._engine.model.codes.get(tensor),
        )

    # --- before the first run

    def _cut(self, images: Array, *, alone: bool) -> Rows:
        engine, count = self._engine, len(images)
        self._image = images.shape[1:]
        fixed = engine.model.input.batch
        batched = engine.model.input.batch_axis is not None
        company = engine.company(self._image, self._tensors) is not None
        if fixed is not None:
            most = 1 if company else fixed
        else:
            most = 1 if alone or company else engine.largest_batch(self._image)
        runs = []
        for start in range(0, count, most):
            held = min(most, count - start)
            batch = (fixed or held) if batched else None
            runs.append(RunRows(start=start, count=held, batch=batch, copies=company and fixed is not None))
        return Rows(runs=tuple(runs))

    def _ways_back(self, images: Array) -> list[Backward]:
        engine, image = self._engine, self._engine.model.input.name
        whole = (engine.model.input.batch or 1) > 1
        batch = Batch.ONE if whole or len(images) == 1 else Batch.ANY
        return [
            engine.sessions.backward(
                engine.sessions.backward_key(tensor, image, self._policy, {}, image=self._image, batch=batch),
                shapes=lambda tensor=tensor: engine.shapes_for(  # type: ignore[misc]
                    images, (tensor, image), cancellation=self._cancellation
                ),
            )
            for tensor in self._tensors
        ]

    def _shares(self, image: tuple[int, ...]) -> bool:
        """Return whether several images may share a run, there and back."""
        if self._engine.model.input.batch is not None:
            return True
        plan = self._engine.plan(image)
        ends = (*self._tensors, self._engine.model.input.name)
        return all(way.batchable for way in self._backward) and all(plan.of(name).leads for name in ends)
