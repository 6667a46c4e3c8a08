"""Occlusion: a gray square slides over the image (Zeiler & Fergus 2014, §4.2, Fig 7 b, d, e)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from inspector.engine.engine import Engine
from inspector.errors import InvalidInputError
from inspector.methods.notes import note_on_values, notes_on_run
from inspector.methods.occlusion.occluder import Occluder, make_occluder
from inspector.methods.planes import layer_with_maps
from inspector.resolve.classes import by_class, winner
from inspector.resolve.finite import Origin, find_origin, is_choosable, no_choice
from inspector.resolve.probabilities import answers, tensors_of
from inspector.resolve.targets import channel_axis, choose, source_of
from inspector.runtime.cancel import Cancellation
from inspector.types.arrays import Array
from inspector.types.layers import Layer
from inspector.types.results import Occlusion
from inspector.types.targets import Class, Target


def occlusion(
    engine: Engine,
    x: Array,
    target: Target,
    *,
    layer: str | None = None,
    size: int | tuple[int, int] | None = None,
    stride: int | tuple[int, int] | None = None,
    fill: float | Sequence[float] | None = None,
    batch: int | None = None,
    cancellation: Cancellation | None = None,
) -> Iterator[Occlusion]:
    """Occlude one (1, …) image at every position; yield what is known after each batch, the last one complete.

    `size` (default: a fifth of the image) and `stride` (default: a third of the size) are in input pixels, the last
    row and column reach the edge; `fill` is in the model's input units (default: mid-gray). `layer` is the one whose
    strongest map is summed (default: the last layer with maps). `batch` bounds the images per run.
    """
    if len(x) != 1:
        raise InvalidInputError(f"Occlusion takes one image; {len(x)} were given.", field="images")
    if batch is not None and batch < 1:
        raise InvalidInputError(f"batch is {batch}; it must be at least 1.", field="batch")
    height, width = x.shape[1:3] if engine.model.input.layout == "NHWC" else x.shape[-2:]
    occluder = make_occluder(engine.model, height=height, width=width, size=size, stride=stride, fill=fill)
    watched = layer_with_maps(engine, layer, target=target)
    sweep = _Sweep(engine, x, target, watched, occluder, cancellation)
    positions = list(np.ndindex(len(occluder.tops), len(occluder.lefts)))
    largest = engine.largest_batch(x.shape[1:])
    step = min(batch or largest, largest)
    for start in range(0, len(positions), step):
        yield sweep.advance(positions[start : start + step])


class _Sweep:
    """The state of one sweep: what the unoccluded image gave, and the maps as far as they are filled."""

    def __init__(
        self,
        engine: Engine,
        x: Array,
        target: Target,
        watched: Layer,
        occluder: Occluder,
        cancellation: Cancellation | None,
    ) -> None:
        self._engine, self._x, self._occluder, self._cancellation = engine, x, occluder, cancellation
        self._watched = watched
        self._head = engine.head_of(target.output if isinstance(target, Class) else None)
        source = source_of(engine, target)
        self._tensors = tuple(dict.fromkeys((*tensors_of(self._head), source, watched.output)))
        found = engine.run(x, self._tensors, cancellation=cancellation)
        self._target = choose(engine, target, found[source][0], image=0)
        totals = self._totals(found[watched.output])
        if not is_choosable(totals[0]):
            raise no_choice(f"the strongest map of layer {watched.name!r}")
        self._channel = int(np.argmax(totals[0]))
        shape = (len(occluder.tops), len(occluder.lefts))
        self._probability = np.full(shape, np.nan, np.float32)
        self._label = np.full(shape, -1, np.int64)
        self._activation = np.full(shape, np.nan, np.float32)
        self._done = np.zeros(shape, np.bool_)
        self._baseline = self._measure(found)
        self._origin: Origin | None = None

    def advance(self, positions: Sequence[tuple[int, ...]]) -> Occlusion:
        """Compute the given positions and return all that is known."""
        images = self._occluder.occlude(self._x, positions)
        found = self._engine.run(images, self._tensors, cancellation=self._cancellation)
        index = tuple(np.asarray(positions).T)
        self._probability[index], self._label[index], self._activation[index] = self._measure(found)
        self._done[index] = True
        failed = np.flatnonzero(~np.isfinite(self._probability[index] + self._activation[index]))
        if failed.size and self._origin is None:
            self._origin = find_origin(self._engine, images[failed[:1]], cancellation=self._cancellation)
        return self._result()

    def _measure(self, found: dict[str, Array]) -> tuple[Array, Array, Array]:
        classes = by_class(self._engine, self._head, found[self._head.scores])
        labels = np.asarray([winner(self._head, one) if is_choosable(one) else -1 for one in classes])
        totals = self._totals(found[self._watched.output])[:, self._channel]
        return answers(self._engine, self._target, found), labels, totals

    def _totals(self, activation: Array) -> Array:
        axis = channel_axis(self._watched, activation.ndim - 1) + 1
        maps = np.moveaxis(activation, axis, 1)
        totals: Array = maps.reshape(*maps.shape[:2], -1).sum(axis=2, dtype=np.float32)
        return totals

    def _result(self) -> Occlusion:
        probability, label, activation = (values[0] for values in self._baseline)
        return Occlusion(
            target=self._target.resolved,
            probability=self._probability.copy(),
            label=self._label.copy(),
            activation=self._activation.copy(),
            done=self._done.copy(),
            layer=self._watched.name,
            channel=self._channel,
            baseline_probability=float(probability),
            baseline_label=int(label),
            baseline_activation=float(activation),
            tops=self._occluder.tops,
            lefts=self._occluder.lefts,
            size=self._occluder.size,
            stride=self._occluder.stride,
            fill=self._occluder.fill,
            notes=self._notes(),
        )

    def _notes(self) -> tuple[str, ...]:
        values = np.stack([self._probability[self._done], self._activation[self._done]])
        return (*notes_on_run(self._engine), *note_on_values("the maps", values, self._origin))
