"""What the replacing of channels does: the change of a target and of the answer, by what was replaced."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

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
        return float(np.mean(self.changes))

    @property
    def score(self) -> float:
        """The mean change of what is explained."""
        return float(np.mean(self.scores))

    @property
    def strongest(self) -> int:
        """The image on which the change is largest."""
        sizes = np.abs(np.nan_to_num(np.asarray(self.changes), nan=0.0))
        return int(sizes.argmax())

    def other(self) -> int:
        """Return the class that answers most often where another does than before; −1 where none does."""
        return Counter(self.winners).most_common(1)[0][0] if self.flips else -1


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
        """Return the groups of channels that are replaced; the layer runs on one (1, …) image to count them."""
        own = self._run.forward(image, [self._layer.output])[self._layer.output][0]
        if not own.size:
            raise InvalidInputError(
                f"Layer {self._layer.name!r} gives nothing on this image: it has no channels to replace.",
                field="layer",
            )
        groups = groups_of(self._layer, channels, count=own.shape[channel_axis(self._layer, own.ndim)])
        self.effects = [Effect(group=group) for group in groups]
        return groups

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
        rows: list[tuple[float, float, int]] = []
        for start in range(0, len(groups) + 1, resumption.most):
            # The first is the tensor as it is: what is compared went the same way.
            part = [(), *groups][start : start + resumption.most]
            variants = np.stack([_replaced(values, group, replacement, axis) for group in part])
            found = resumption(variants)
            images = np.repeat(image, len(part), axis=0)
            told = answers(engine, chosen, found, images).astype(float).tolist()
            scores = chosen.scores(found[source]).tolist()
            self._missing += int(np.count_nonzero(~present(engine, chosen, found, len(part))))
            self._runs += len(part)
            rows += zip(told, scores, winners(engine, head, found, images).tolist(), strict=True)
            run.control.tell(min(done + max(len(rows) - 1, 0), total), total)
        before, rows = rows[0], rows[1:]
        self.before.append(before[0])
        self.scores.append(before[1])
        for effect, (value, score, winner) in zip(self.effects, rows, strict=True):
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


def _replaced(values: Array, group: Group, replacement: Array | float, axis: int) -> Array:
    if not group:
        return values
    changed = values.copy()
    index = [slice(None)] * values.ndim
    index[axis] = list(group)  # type: ignore[call-overload]
    if isinstance(replacement, np.ndarray):
        changed[tuple(index)] = replacement[tuple(index)]
    elif abs(replacement) > float(np.finfo(values.dtype).max):
        raise InvalidInputError(
            f"value is {replacement:g}, which the layer's {values.dtype} cannot hold.",
            reason="OUT_OF_RANGE",
            field="value",
        )
    else:
        changed[tuple(index)] = replacement
    return changed
