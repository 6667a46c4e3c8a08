"""Occlusion: a gray square slides over the image (Zeiler & Fergus 2014, §4.2, Fig 7 b, d, e)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inspector.engine.run import Run
from inspector.errors import InvalidInputError, within
from inspector.methods.notes import NOT_FINITE, about_values, note_run, note_target
from inspector.methods.occlusion.occluder import Occluder, make_occluder
from inspector.methods.planes import layer_with_maps
from inspector.methods.prepared import prepared
from inspector.methods.verbs import answers
from inspector.model.heads.head import Head
from inspector.resolve.chosen import Chosen
from inspector.resolve.finite import Origin, find_origin, is_choosable, no_choice
from inspector.resolve.names import label_of
from inspector.resolve.probabilities import answers as answers_of
from inspector.resolve.probabilities import tensors_of, winners
from inspector.resolve.targets import channel_axis, resolve, settled, source_of
from inspector.types.arrays import Array
from inspector.types.layers import Layer
from inspector.types.notes import Note
from inspector.types.requests.occlude import OccludeRequest
from inspector.types.results.sweep import Sweep
from inspector.types.targets import Class


@answers(OccludeRequest)
def occlude(run: Run, request: OccludeRequest) -> Sweep:
    """Occlude one image at every position; the progress tells positions, with what is known after each batch.

    The last row and column reach the image's edge. The watched map is the strongest of its layer on the image as it is.
    """
    if request.batch is not None and request.batch < 1:
        raise InvalidInputError(f"batch is {request.batch}; it must be at least 1.", field="batch")
    x = prepared(run, request.images)
    if len(x) != 1:
        raise InvalidInputError(f"Occlusion takes one image; {len(x)} were given.", field="images")
    engine, image = run.engine, x.values
    occluder = make_occluder(engine.model, image, request)
    target = request.target or Class()
    with within("target"):
        aim = settled(run, image, target, image=0)
        source = source_of(engine, aim)
        chosen = resolve(engine, aim, run.forward(image, [source])[source][0], image=0)
    watched = layer_with_maps(engine, request.layer, chosen=chosen, image=image.shape[1:])
    note_run(run)
    head = engine.head_of(target.output if isinstance(target, Class) else None)
    sweep = _Sweep(run, image, chosen, head, watched, occluder)
    positions = list(np.ndindex(len(occluder.tops), len(occluder.lefts)))
    largest = engine.largest_batch(image.shape[1:])
    step = min(request.batch or largest, largest)
    for start in range(0, len(positions), step):
        sweep.advance(positions[start : start + step])
        run.control.tell(min(start + step, len(positions)), len(positions), partial=sweep.partial)
    sweep.note_values()
    note_target(run, target)
    return sweep.result()


class _Sweep:
    """The state of one sweep: what the unoccluded image gave, and the maps as far as they are filled."""

    def __init__(
        self, run: Run, x: Array, target: Chosen, head: Head, watched: Layer, occluder: Occluder
    ) -> None:
        self._run, self._engine, self._x, self._occluder = run, run.engine, x, occluder
        self._watched, self._head, self._target = watched, head, target
        self._tensors = tuple(dict.fromkeys((*tensors_of(head), target.resolved.tensor, watched.output)))
        found = run.forward(x, self._tensors)
        totals = self._totals(found[watched.output])
        if not is_choosable(totals[0]):
            raise no_choice(f"the strongest map of layer {watched.name!r}")
        self._channel = int(np.argmax(totals[0]))
        shape = (len(occluder.tops), len(occluder.lefts))
        self._probability = np.full(shape, np.nan, np.float32)
        self._label = np.full(shape, -1, np.int64)
        self._activation = np.full(shape, np.nan, np.float32)
        self._done = np.zeros(shape, np.bool_)
        self._baseline = self._measure(found, x)
        self._origin: Origin | None = None

    def advance(self, positions: Sequence[tuple[int, ...]]) -> None:
        """Compute the given positions."""
        images = self._occluder.occlude(self._x, positions)
        found = self._run.forward(images, self._tensors)
        index = tuple(np.asarray(positions).T)
        self._probability[index], self._label[index], self._activation[index] = self._measure(found, images)
        self._done[index] = True
        failed = np.flatnonzero(~np.isfinite(self._probability[index] + self._activation[index]))
        if failed.size and self._origin is None:
            self._origin = find_origin(self._run, images[failed[:1]])

    def partial(self) -> Sweep:
        """Return what is known so far; what it says of that is not yet noted."""
        text = self._about_values()
        return self._result((*self._run.notes, *([Note(text, id=NOT_FINITE)] if text else [])))

    def note_values(self) -> None:
        """Note values that are not finite, once all positions are computed."""
        text = self._about_values()
        if text is not None:
            self._run.note(NOT_FINITE, text)

    def result(self) -> Sweep:
        """Return the result."""
        return self._result(self._run.notes)

    def _measure(self, found: dict[str, Array], x: Array) -> tuple[Array, Array, Array]:
        labels = winners(self._engine, self._head, found, x)
        totals = self._totals(found[self._watched.output])[:, self._channel]
        return answers_of(self._engine, self._target, found, x), labels, totals

    def _totals(self, activation: Array) -> Array:
        axis = channel_axis(self._watched, activation.ndim - 1) + 1
        maps = np.moveaxis(activation, axis, 1)
        totals: Array = maps.reshape(*maps.shape[:2], -1).sum(axis=2, dtype=np.float32)
        return totals

    def _result(self, notes: tuple[Note, ...]) -> Sweep:
        probability, label, activation = (values[0] for values in self._baseline)
        model = self._engine.model
        return Sweep(
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
            inputs=self._x,
            layout=model.input.layout,
            labels=self._names(),
            preprocessing=model.preprocessing,
            notes=notes,
        )

    def _names(self) -> dict[int, str]:
        """Return the names of the classes that win somewhere."""
        if not self._head.has_classes:
            return {}
        found = {*self._label[self._done].tolist(), int(self._baseline[1][0])}
        names = {
            index: label_of(self._engine.model, self._head, index) for index in sorted(found) if index >= 0
        }
        return {index: name for index, name in names.items() if name is not None}

    def _about_values(self) -> str | None:
        values = np.stack([self._probability[self._done], self._activation[self._done]])
        return about_values("the maps", values, self._origin)
