"""Occlusion: a gray square slides over the image (Zeiler & Fergus 2014, §4.2, Fig 7 b, d, e)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from inspector.engine.run import Run
from inspector.engine.sweeping.sweep import Sweeping
from inspector.errors import InvalidInputError
from inspector.methods.card import Card
from inspector.methods.choosing import choose
from inspector.methods.emptiness import reasons_for
from inspector.methods.notes import (
    HARDLY_MOVES,
    NO_LAYER_WITH_MAPS,
    NOT_FINITE,
    about_values,
    note_missing,
    note_target,
)
from inspector.methods.occlusion.occluder import Occluder, make_occluder
from inspector.methods.occlusion.watched import Totals
from inspector.methods.planes import layers_with_maps, source_layer
from inspector.methods.prepared import prepared
from inspector.methods.verbs import answers
from inspector.model.heads.head import Head
from inspector.resolve.chosen import Chosen
from inspector.resolve.finite import Origin, find_origin, is_choosable, no_choice
from inspector.resolve.names import label_of
from inspector.resolve.probabilities import answers as answers_of
from inspector.resolve.probabilities import present, tensors_for, tensors_of, winners
from inspector.types.arrays import Array
from inspector.types.contrast import hardly_moves
from inspector.types.layers import Layer
from inspector.types.layouts import batched
from inspector.types.notes import Note
from inspector.types.requests.occlude import OccludeRequest
from inspector.types.results.sweep import NOT_WATCHED, Sweep
from inspector.types.targets import Class


@answers(
    OccludeRequest,
    card=Card(
        formula="At each position f(x with a square of one color there): the probability, the winning class, and "
        "the sum of the strongest map of a layer.",
        source="Zeiler & Fergus 2014, §4.2 and Fig 7, arXiv 1311.2901",
        shows="Which places the answer rests on, by what happens without them; forward runs alone, any model.",
        hides="Evidence that stands in two places is missed, as one is enough. Size, step and color of the "
        "square decide what is seen; a gray square is itself a shape.",
        cost="1 forward pass per position (by default about 170 on a square image).",
    ),
)
def occlude(run: Run, request: OccludeRequest) -> Sweep:
    """Occlude one image at every position; the progress tells positions, with what is known after each batch.

    The last positions reach the image's edges. The watched map is the strongest of its layer on the image as it is.
    """
    if request.batch is not None and request.batch < 1:
        raise InvalidInputError(f"batch is {request.batch}; it must be at least 1.", field="batch")
    x = prepared(run, request.images)
    if len(x) != 1:
        raise InvalidInputError(f"Occlusion takes one image; {len(x)} were given.", field="images")
    image = x.values
    occluder = make_occluder(run.engine, image, request)
    target = request.target or Class()
    chosen = choose(run, image, target)
    watched = _watched(run, request.layer, chosen, image.shape[1:])
    head = run.engine.head_of(target.output if isinstance(target, Class) else None)
    state = _Sweep(run, image, chosen, head, watched, occluder, at_most=request.batch)
    for done, total in state.advance():
        run.control.tell(done, total, partial=state.partial)
    state.note()
    note_target(run, target)
    return state.result()


def _watched(run: Run, name: str | None, chosen: Chosen, image: tuple[int, ...]) -> Layer | None:
    """Return the layer whose strongest map is watched; None, with a note, where no layer has maps."""
    if name is not None:
        return run.engine.model.layer(name)
    found = layers_with_maps(run.engine, source_layer(run.engine, chosen, image=image))
    if not found:
        run.note(
            NO_LAYER_WITH_MAPS, "This model has no layer with maps of more than one place: none was watched."
        )
    return found[-1] if found else None


class _Sweep:
    """The state of one sweep: what the unoccluded image gave, and the maps as far as they are filled."""

    def __init__(
        self,
        run: Run,
        x: Array,
        target: Chosen,
        head: Head,
        watched: Layer | None,
        occluder: Occluder,
        *,
        at_most: int | None,
    ) -> None:
        self._run, self._engine, self._x, self._occluder = run, run.engine, x, occluder
        self._watched, self._head, self._target = watched, head, target
        self._totals = None if watched is None else Totals(run.engine, watched, x.shape[1:])
        seen = () if self._totals is None else (self._totals.tensor,)
        tensors = tuple(dict.fromkeys((*tensors_of(head), *tensors_for(run.engine, target), *seen)))
        shape = tuple(map(len, occluder.starts))
        self._positions = list(np.ndindex(*shape))
        self._variants = occluder.variants(x, self._positions)
        self._sweeping = Sweeping(run, self._variants, tensors, at_most=at_most)
        found = self._sweeping.clean
        self._channel = NOT_WATCHED if self._totals is None else self._strongest(self._totals.of(found))
        self._probability = np.full(shape, np.nan, np.float32)
        self._label = np.full(shape, -1, np.int64)
        self._activation = np.full(shape, np.nan, np.float32)
        self._done = np.zeros(shape, np.bool_)
        self._baseline = self._measure(found, x)
        self._origin: Origin | None = None
        self._missing = 0

    def advance(self) -> Iterator[tuple[int, int]]:
        """Compute all positions, and yield after each batch how many are done, of how many."""
        for part, found in self._sweeping.answers():
            index = tuple(np.asarray(self._positions[part.start : part.stop]).T)
            images = np.broadcast_to(
                self._x, (len(part), *self._x.shape[1:])
            )  # whose size is all that is looked at
            self._probability[index], self._label[index], self._activation[index] = self._measure(
                found, images
            )
            self._done[index] = True
            is_there = present(self._engine, self._target, found, len(part))
            self._missing += int(np.count_nonzero(~is_there))
            values = self._probability[index] + (0 if self._watched is None else self._activation[index])
            failed = np.flatnonzero(is_there & ~np.isfinite(values))
            if failed.size and self._origin is None:
                self._origin = find_origin(self._run, self._variants.image_of(part.start + int(failed[0])))
            yield part.stop, len(self._positions)

    def partial(self) -> Sweep:
        """Return what is known so far; what it says of that is not yet noted."""
        text = self._about_values()
        return self._result((*self._run.notes, *([Note(text, id=NOT_FINITE)] if text else [])))

    def note(self) -> None:
        """Note what is to be said of the maps, once all positions are computed."""
        text = self._about_values()
        if text is not None:
            self._run.note(NOT_FINITE, text)
        note_missing(self._run, self._missing, self._done.size, "those places are NaN")
        self._note_still()

    def result(self) -> Sweep:
        """Return the result."""
        return self._result(self._run.notes)

    def _note_still(self) -> None:
        """Note of what hardly moves, wherever the square stands, that it says nothing; and why, where nothing can."""
        resolved = self._target.resolved
        answer = f"The {'probability' if resolved.kind == 'class' else 'value'} of {resolved}"
        layer = "" if self._watched is None else f" of layer {self._watched.name!r}"
        total = f"The total activation of channel {self._channel}{layer}"
        for what, values, baseline in zip(
            (answer, total),
            (self._probability, self._activation),
            (self._baseline[0], self._baseline[2]),
            strict=True,
        ):
            if values.size > 1 and hardly_moves(values, beside=float(baseline[0])):
                self._run.note(
                    HARDLY_MOVES,
                    f"{what} hardly moves from place to place: {np.nanmin(values):.6g} to {np.nanmax(values):.6g}, "
                    f"wherever the square stands, {float(baseline[0]):.6g} without it. Its map says nothing of where.",
                )
        if hardly_moves(self._probability, beside=float(self._baseline[0][0])):
            for identifier, reason in reasons_for(self._run, self._x, self._target):
                self._run.note(identifier, f"{resolved} does not change with the image: {reason}")

    def _measure(self, found: dict[str, Array], x: Array) -> tuple[Array, Array, Array]:
        labels = winners(self._engine, self._head, found, x)
        answers = answers_of(self._engine, self._target, found, x)
        if self._totals is None:
            return answers, labels, np.full(len(labels), np.nan, np.float32)
        return answers, labels, self._totals.of(found)[:, self._channel]

    def _strongest(self, totals: Array) -> int:
        if not is_choosable(totals[0]):
            name = "" if self._watched is None else self._watched.name
            raise no_choice(f"the strongest map of layer {name!r}", values=totals[0])
        return int(np.argmax(totals[0]))

    def _result(self, notes: tuple[Note, ...]) -> Sweep:
        probability, label, activation = (values[0] for values in self._baseline)
        model = self._engine.model
        return Sweep(
            target=self._target.resolved,
            probability=self._probability.copy(),
            label=self._label.copy(),
            activation=self._activation.copy(),
            done=self._done.copy(),
            layer="" if self._watched is None else self._watched.name,
            channel=self._channel,
            baseline_probability=float(probability),
            baseline_label=int(label),
            baseline_activation=float(activation),
            tops=self._occluder.starts[-2] if len(self._occluder.starts) > 1 else np.zeros(1, np.int64),
            lefts=self._occluder.starts[-1],
            starts=self._occluder.starts,
            size=self._occluder.size,
            stride=self._occluder.stride,
            fill=self._occluder.fill,
            inputs=self._x,
            layout=batched(model.input.layout),
            labels=self._names(),
            preprocessing=model.preprocessing,
            notes=notes,
        )

    def _names(self) -> dict[int, str]:
        """Return the names of the classes that win somewhere."""
        if not self._head.has_classes:
            return {}
        found = {*self._label[self._done].tolist(), int(self._baseline[1][0])}
        named = {
            index: label_of(self._engine.model, self._head, index) for index in sorted(found) if index >= 0
        }
        return {index: name for index, name in named.items() if name is not None}

    def _about_values(self) -> str | None:
        values = self._probability[self._done]
        if self._watched is not None:
            values = np.stack([values, self._activation[self._done]])
        if np.count_nonzero(~np.isfinite(values)) == self._missing:
            return None  # of places without the target's element another note speaks
        return about_values("the maps", values, self._origin)
