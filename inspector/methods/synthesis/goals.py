"""Goals: what a target means where there is no image yet, as weights on one tensor's elements."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from inspector.engine.run import Run
from inspector.errors import InvalidInputError, within
from inspector.graph.synthesis.objectives import Norm, Objective, Weighted
from inspector.resolve.chosen import Chosen, chosen, flat_indices
from inspector.resolve.classes import by_class
from inspector.resolve.labels import index_of_label
from inspector.resolve.names import label_of, labels_of, owner_of_classes
from inspector.resolve.required import require_class
from inspector.resolve.targets import channel_axis, is_of_boxes, resolve, settled, source_of
from inspector.types.arrays import Array
from inspector.types.targets import Class, Direction, Element, Region, Target, Unit

CHOSEN_ON_GRAY = "chosen_on_gray"


@dataclass(frozen=True, kw_only=True, eq=False)
class Goal:
    """One target."""

    chosen: Chosen
    caption: str
    is_norm: bool = False
    """Whether it is the tensor's own norm, which has no fixed weights."""

    @property
    def tensor(self) -> str:
        """Where it lives."""
        return self.chosen.resolved.tensor

    def scores(self, values: Array) -> Array:
        """Return what is to grow, (N,), for the tensor's values (N, …)."""
        if self.is_norm:
            norms: Array = np.linalg.norm(values.reshape(len(values), -1).astype(np.float64), axis=1)
            return norms
        return self.chosen.scores(values)

    def weights(self) -> Array:
        """Return the weights over one image's tensor, float32 (*shape)."""
        flat = np.zeros(int(np.prod(self.chosen.shape)), np.float32)
        np.add.at(flat, self.chosen.places, self.chosen.weights)
        return flat.reshape(self.chosen.shape)


def goal_of(run: Run, target: Target, gray: Array) -> Goal:
    """Return what a target means, by its shapes on one gray image (1, …)."""
    aim = target
    if isinstance(target, Class):
        if target.index is None and target.label is None and run.engine.head_of(target.output).has_classes:
            raise InvalidInputError(
                "A synthesis has no image on which a class could be the most probable one; give its index or label.",
                reason="MISSING",
                field="output_class.index",
            )
        if is_of_boxes(run.engine, target):
            _note_chosen(run, "the box that is surest of the class")
        settled_aim = settled(run, gray, target, image=0)
        if isinstance(settled_aim, Chosen):
            return Goal(chosen=settled_aim, caption=str(settled_aim.resolved))
    tensor = source_of(run.engine, aim)
    values = run.forward(gray, [tensor])[tensor][0]
    if (
        isinstance(target, Class)
        and target.position is None
        and (made := _class_anywhere(run, target, values))
    ):
        return made
    if isinstance(target, Unit):
        if target.channel is None:
            raise InvalidInputError(
                f"A synthesis has no image on which a channel of {target.layer!r} could be the strongest; give one.",
                reason="MISSING",
                field="unit.channel",
            )
        if target.position is None:
            return _channel(run, target, values)
    if (isinstance(target, Element) and target.index is None) or (
        isinstance(target, Region) and target.reduce == "max"
    ):
        _note_chosen(run, "the largest element")
    found = resolve(run.engine, target, values, image=0)
    is_norm = isinstance(target, Direction) and target.vector is None
    return Goal(chosen=found, caption=str(found.resolved), is_norm=is_norm)


def objective_of(goals: list[Goal], *, crops: int) -> Objective:
    """Return what is to grow: of each goal, which all live in one tensor, its own picture, `crops` views of each."""
    if goals[0].is_norm:
        return Norm(tensor=goals[0].tensor)
    weights = np.repeat(np.stack([goal.weights() for goal in goals]), crops, axis=0)
    same = all(goal is goals[0] for goal in goals)
    return Weighted(tensor=goals[0].tensor, weights=weights[0] if same else weights)


def _class_anywhere(run: Run, target: Class, values: Array) -> Goal | None:
    """Return the mean of a class over all places of a map of classes; None where it has one place, or no classes."""
    head = run.engine.head_of(target.output)
    if not head.has_classes or head.axis is None:
        return None
    classes = by_class(head, values[None])[0]
    if classes.ndim < 2 or classes[0].size < 2:
        return None
    index = target.index
    if target.label is not None:
        names = labels_of(run.engine.model, head)
        index = index_of_label(target.label, names, what=owner_of_classes(run.engine.model, head))
    if index is None:
        return None
    with within("output_class"):
        require_class(run.engine.model, head, index, count=len(classes))
    numbers = by_class(head, np.arange(values.size).reshape(1, *values.shape))[0]
    places = numbers[index].reshape(-1)
    found = chosen(
        values,
        places,
        kind="class",
        tensor=head.scores,
        output=head.output,
        channel=index,
        label=label_of(run.engine.model, head, index),
        reduce="mean",
        image=0,
    )
    name = " ".join(filter(None, (f"class {index}", found.resolved.label)))
    return Goal(chosen=found, caption=f"{name} at all {len(places)} places")


def _channel(run: Run, target: Unit, values: Array) -> Goal:
    """Return the mean of a channel's map; of a layer without maps, the unit."""
    layer = run.engine.model.layer(target.layer)
    axis = channel_axis(layer, values.ndim)
    middle = tuple(side // 2 for place, side in enumerate(values.shape) if place != axis)
    # That there is such a channel is checked where all targets are resolved.
    found = resolve(run.engine, replace(target, position=middle), values, image=0)
    if not middle:
        return Goal(chosen=found, caption=str(found.resolved))
    index = [np.arange(side) for side in values.shape]
    index[axis] = np.asarray([target.channel])
    places = flat_indices(np.ix_(*index), values.shape)
    whole = chosen(
        values,
        places,
        kind="region",
        tensor=layer.output,
        layer=layer.name,
        reduce="mean",
        image=0,
    )
    return Goal(chosen=whole, caption=f"channel {target.channel} of {layer.name}")


def _note_chosen(run: Run, what: str) -> None:
    run.note(
        CHOSEN_ON_GRAY,
        f"Where there is no image, {what} is not known: it was chosen on a gray picture. Name it to have another.",
    )
