"""What the replacing of channels does: the change of a target and of the answer, by what was replaced."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isnan

import numpy as np

from inspector.engine.run import Run
from inspector.errors import InvalidInputError, NotFoundError, within
from inspector.methods.notes import note_missing, note_values
from inspector.methods.planes import layer_with_maps_below
from inspector.resolve.chosen import Chosen
from inspector.resolve.probabilities import answers, present, tensors_for, tensors_of, winners
from inspector.resolve.targets import channel_axis, source_of
from inspector.types.arrays import Array
from inspector.types.layers import Layer
from inspector.types.targets import Class, Target

Group = tuple[int, ...]
"""Channels that are replaced together."""

ROUNDED_CODES = "rounded_codes"


def layer_of(run: Run, name: str | None, target: Target) -> Layer:
    """Return the layer of that name; without one, the last with maps that all of the target depends on."""
    if name is not None:
        return run.engine.model.layer(name)
    with within("target"):
        tensor = source_of(run.engine, target)
    return layer_with_maps_below(run.engine, None, tensor=tensor)


def groups_of(layer: Layer, channels: Sequence[int] | None, *, count: int) -> list[Group]:
    """Return each of the channels alone (all of the layer's, where None is given), and at last all of them together."""
    for channel in channels or ():
        if channel >= count:
            raise NotFoundError(
                f"Layer {layer.name!r} has no channel {channel}: it has {count}, from 0 to {count - 1}.",
                reason="CHANNEL_NOT_FOUND",
                field="channels",
            )
    chosen = tuple(range(count) if channels is None else channels)
    return [*((channel,) for channel in chosen), chosen]


@dataclass(kw_only=True)
class Effect:
    """What the replacing of some channels did to the images so far."""

    group: Group
    changes: list[float] = field(default_factory=list)
    """Per image: the target's value afterwards, less its value before."""
    scores: list[float] = field(default_factory=list)
    """Per image, the change of what is explained: of a class its score before the softmax."""
    winners: list[int] = field(default_factory=list)
    """Per image, the class that answers afterwards; −1 for none."""
    flips: int = 0
    """On how many images another class answers than before."""

    @property
    def mean(self) -> float:
        """The mean change; NaN where one is not known."""
        return _mean(self.changes)

    @property
    def score(self) -> float:
        """The mean change of what is explained."""
        return _mean(self.scores)

    @property
    def strongest(self) -> int:
        """The image on which the change is largest."""
        sizes = [0.0 if isnan(change) else abs(change) for change in self.changes]
        return sizes.index(max(sizes))

    def other(self) -> int:
        """Return the class that answers most often where another does than before; −1 where none does."""
        return Counter(self.winners).most_common(1)[0][0] if self.flips else -1


def _mean(values: Sequence[float]) -> float:
    """Return the mean: of the few images that there are, in a tenth of the time that NumPy takes."""
    return sum(values) / len(values)


class Effects:
    """Measures groups of a layer's channels on one image after another."""

    def __init__(self, run: Run, layer: Layer) -> None:
        """Measure channels of a layer."""
        self._run, self._layer = run, layer
        self._missing = self._runs = 0
        self.effects: list[Effect] = []
        self.before: list[float] = []
        """Per image, the target's value as it is."""
        self.scores: list[float] = []
        """Per image, what is explained, as it is."""

    def require_channels(self, image: Array, channels: Sequence[int] | None) -> list[Group]:
        """Return the groups of channels that are replaced; a layer of unknown size runs on one (1, …) image for it."""
        shape = self._shape(image)
        if 0 in shape:
            raise InvalidInputError(
                f"Layer {self._layer.name!r} gives nothing on this image: it has no channels to replace.",
                field="layer",
            )
        groups = groups_of(self._layer, channels, count=shape[channel_axis(self._layer, len(shape))])
        self.effects = [Effect(group=group) for group in groups]
        return groups

    def _shape(self, image: Array) -> tuple[int, ...]:
        """Return the shape of the layer's tensor of one image, without the batch axis."""
        tensor, plan = self._layer.output, self._run.engine.plan(image.shape[1:])
        sizes = tuple(size for size in plan.shapes.get(tensor, ()) if isinstance(size, int))
        is_known = plan.of(tensor).leads and len(sizes) == len(plan.shapes.get(tensor, ())) > 1
        if is_known and plan.of(tensor).is_separate:
            return sizes[1:]
        found: tuple[int, ...] = self._run.forward(image, [tensor])[tensor][0].shape
        return found

    def measure(
        self, image: Array, chosen: Chosen, replacement: Array | float, *, done: int, total: int
    ) -> None:
        """Measure all groups on one (1, …) image; `replacement` is what is put there, like the layer's values.

        `done` of `total` variants were measured before.
        """
        run, engine = self._run, self._run.engine
        head = engine.head_of(chosen.resolved.output if chosen.resolved.kind == "class" else None)
        source = chosen.resolved.tensor
        tensors = tuple(dict.fromkeys((*tensors_for(engine, chosen), *tensors_of(head), source)))
        groups = [effect.group for effect in self.effects]
        resumption = run.resume(image, tensor=self._layer.output, tensors=tensors, variants=len(groups) + 1)
        values = resumption.values
        axis = channel_axis(self._layer, values.ndim)
        put = _as_put(values, replacement)
        # The first is the tensor as it is: what is compared went the same way. So do channels that hold already what
        # is put there: they are answered with it.
        asked = [(), *(group for group in groups if not _is_there(values, group, put, axis))]
        told: dict[Group, tuple[float, float, int]] = {}
        for start in range(0, len(asked), resumption.most):
            part = asked[start : start + resumption.most]
            found = resumption(_replaced(values, part, put, axis))
            images = np.broadcast_to(
                image, (len(part), *image.shape[1:])
            )  # whose size is all that is looked at
            rows = zip(
                answers(engine, chosen, found, images).astype(float).tolist(),
                chosen.scores(found[source]).tolist(),
                winners(engine, head, found, images).tolist(),
                strict=True,
            )
            told |= zip(part, rows, strict=True)
            self._missing += int(np.count_nonzero(~present(engine, chosen, found, len(part))))
            self._runs += len(part)
            run.control.tell(min(done + len(groups) * (start + len(part)) // len(asked), total), total)
        before = told[()]
        self.before.append(before[0])
        self.scores.append(before[1])
        for effect in self.effects:
            value, score, winner = told.get(effect.group, before)
            effect.changes.append(value - before[0])
            effect.scores.append(score - before[1])
            effect.winners.append(winner)
            effect.flips += winner != before[2]

    def note(self, x: Array, *, target: str) -> None:
        """Note what is to be said of the changes; `x` is one (1, …) of the images."""
        note_missing(self._run, self._missing, self._runs, "its change is NaN")
        changes = np.asarray([[effect.mean for effect in self.effects]])
        note_values(self._run, x, changes, what=f"the changes of {target}", images=[0])
        if self._layer.output in self._run.engine.model.codes:
            self._run.note(
                ROUNDED_CODES,
                f"Layer {self._layer.name!r} holds codes of quantized values: what is put there is rounded to the "
                "nearest code.",
            )


def is_of_classes(run: Run, target: Target) -> bool:
    """Return whether what is watched is a probability."""
    return isinstance(target, Class) and run.engine.head_of(target.output).has_classes


def _as_put(values: Array, replacement: Array | float) -> Array:
    """Return what is put there, in the values' shape and type."""
    if isinstance(replacement, np.ndarray):
        return replacement.astype(values.dtype, copy=False)
    if abs(replacement) > float(np.finfo(values.dtype).max):
        raise InvalidInputError(
            f"value is {replacement:g}, which the layer's {values.dtype} cannot hold.",
            reason="OUT_OF_RANGE",
            field="value",
        )
    return np.broadcast_to(np.asarray(replacement, values.dtype), values.shape)


def _is_there(values: Array, group: Group, put: Array, axis: int) -> bool:
    """Return whether channels hold what is put there, to the sign of 0."""
    index = _at(group, axis)
    own, other = values[index], put[index]
    return np.array_equal(own, other) and np.array_equal(np.signbit(own), np.signbit(other))


def _replaced(values: Array, groups: Sequence[Group], put: Array, axis: int) -> Array:
    """Return the values with the channels of each group replaced, (groups, *values)."""
    made = np.repeat(values[None], len(groups), axis=0)
    for variant, group in zip(made, groups, strict=True):
        index = _at(group, axis)
        variant[index] = put[index]
    return made


def _at(group: Group, axis: int) -> tuple[slice | list[int] | int, ...]:
    channels: list[int] | slice = list(group)
    if len(group) == 1:
        channels = slice(group[0], group[0] + 1)
    return (*(slice(None),) * axis, channels)
