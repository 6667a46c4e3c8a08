"""Which layers of two models correspond, found on a few images."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from inspector.checks.examination import Examination, SkippedError
from inspector.checks.measures.drift.alignment import Pair, Signature, Signatures, align
from inspector.checks.measures.drift.both import baseline_of, both_prepared
from inspector.checks.measures.drift.subjects import Subjects, float_operator, sampled, subjects_of
from inspector.engine.run import Run
from inspector.operators.families import LINEAR
from inspector.types.arrays import Array

_IMAGES = 4
_PLACES = 1024
"""Of each image, at which layers are compared to find which correspond."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Matched:
    """Two models' layers, and which of them correspond."""

    own: Subjects
    other: Subjects
    pairs: tuple[Pair, ...]
    """In the model's graph order, the image inputs first."""
    sizes: dict[str, int]
    """By tensor of the model, then of the baseline where only that has it: bytes of one image's values."""
    outputs: tuple[Pair, ...]
    """The outputs that correspond: by name, else by their place."""
    alone: tuple[str, ...]
    """Tensors of the model's layers that are like none of the baseline's."""
    missing: tuple[str, ...]
    """Tensors of the baseline's layers that are like none of the model's."""


def weighted(subjects: Subjects, tensors: Sequence[str]) -> list[str]:
    """Return those of some tensors that convolutions and dense layers compute."""
    return [one for one in tensors if float_operator(subjects.operator(one)) in LINEAR]


def matched_layers(examination: Examination) -> Matched:
    """Match the layers of the model with the baseline's; SkippedError where no images are there, or none matches."""
    run, baseline = examination.run, baseline_of(examination)
    own, other = subjects_of(run.engine), subjects_of(baseline.engine)
    ours, theirs = _Samples(own), _Samples(other)
    for _, one, two in both_prepared(examination, most=_IMAGES):
        ours.add(run, one.values)
        theirs.add(baseline, two.values)
    signed, signed_other = ours.signatures, theirs.signatures
    found = align(own, other, signed, signed_other)
    inputs = Pair(own=own.input, other=other.input, by="name")
    pairs = _with_restated(own, [inputs, *found], signed, signed_other)
    if not found:
        raise SkippedError("no layer of the model corresponds to one of the baseline.")
    taken, given = {pair.own for pair in pairs}, {pair.other for pair in pairs}
    return Matched(
        own=own,
        other=other,
        pairs=tuple(pairs),
        sizes={name: one.size for name, one in (signed_other | signed).items()},
        outputs=_outputs(own, other),
        alone=tuple(one for one in own.tensors if one not in taken),
        missing=tuple(one for one in other.tensors if one not in given and not _is_again(other, one, given)),
    )


def _outputs(own: Subjects, other: Subjects) -> tuple[Pair, ...]:
    ours, theirs = ([one.name for one in subjects.model.outputs] for subjects in (own, other))
    named = {name: name for name in ours if name in theirs}
    rest = [name for name in theirs if name not in named]
    by_place = dict(zip((name for name in ours if name not in named), rest, strict=False))
    found = named | by_place
    return tuple(
        Pair(own=name, other=found[name], by="name" if name in named else "order")
        for name in ours
        if name in found
    )


def _is_again(subjects: Subjects, tensor: str, given: Collection[str]) -> bool:
    """Return whether a tensor is one of some again."""
    source = subjects.restated(tensor)
    return source is not None and (source in given or _is_again(subjects, source, given))


class _Samples:
    """What the layers of one model, and its image input, hold at a few places."""

    def __init__(self, subjects: Subjects) -> None:
        self._subjects = subjects
        self._values: dict[str, list[Array]] = {}
        self._shapes: dict[str, list[tuple[int, ...]]] = {}

    def add(self, run: Run, x: Array) -> None:
        """Take (N, …) images; image by image, so that few values are held."""
        for index in range(len(x)):
            image = x[index : index + 1]
            self._take(self._subjects.input, image)
            for _, found in run.scan(image, self._subjects.tensors):
                for name, values in found.items():
                    self._take(name, values)

    def _take(self, tensor: str, values: Array) -> None:
        turned = self._subjects.canonical(tensor, values)
        self._shapes.setdefault(tensor, []).append(turned.shape[1:])
        flat = turned.reshape(len(turned), -1)
        places = sampled(flat.shape[1], most=_PLACES)
        self._values.setdefault(tensor, []).append(flat[:, places].astype(np.float64).reshape(-1))

    @property
    def signatures(self) -> dict[str, Signature]:
        """By tensor; scalars have none, nor what is empty for an image."""
        return {
            name: Signature(
                shapes=tuple(shapes),
                size=4 * max(map(prod, shapes)),
                values=np.concatenate(self._values[name]),
            )
            for name, shapes in self._shapes.items()
            if all(shape and all(shape) for shape in shapes)
        }


def _with_restated(own: Subjects, pairs: list[Pair], ours: Signatures, theirs: Signatures) -> list[Pair]:
    """Return the pairs with those of layers that state a matched one again, such as quantized, in graph order."""
    by_own = {pair.own: pair for pair in pairs}
    for tensor in own.tensors:
        source = own.restated(tensor)
        if tensor in by_own or tensor not in ours or source is None or source not in by_own:
            continue
        pair = by_own[source]
        if pair.other in theirs and ours[tensor].shapes == theirs[pair.other].shapes:
            by_own[tensor] = replace(pair, own=tensor, by="restated")
    order = {name: place for place, name in enumerate((own.input, *own.tensors))}
    return sorted(by_own.values(), key=lambda pair: order[pair.own])
