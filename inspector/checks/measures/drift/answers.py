"""Which classes two models answer on the same images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inspector.checks.examination import Examination, SkippedError
from inspector.checks.measures.drift.both import baseline_of, both_prepared
from inspector.engine.run import Run
from inspector.model.heads.head import BOXES
from inspector.resolve.classes import by_class, is_map, ranked, wins
from inspector.resolve.finite import is_choosable
from inspector.types.arrays import Array

_TOP = 5


@dataclass(frozen=True, kw_only=True, eq=False)
class Agreement:
    """How far the classes agree that two models answer."""

    tops: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]
    """Per image the model's classes, and the baseline's, the best first, at most five; none where scores are broken."""
    places: Array
    """float64 (N,): of maps of classes, the share of the places at which they agree; empty of others."""

    @property
    def images(self) -> int:
        """How many images there were."""
        return len(self.tops)

    @property
    def changed(self) -> list[int]:
        """The images on which another class is answered, or none."""
        return [index for index, (ours, theirs) in enumerate(self.tops) if not ours or ours[:1] != theirs[:1]]

    @property
    def shared(self) -> float:
        """The share of the baseline's best classes that are among the model's, on the average image."""
        shares = [len({*ours} & {*theirs}) / len(theirs) for ours, theirs in self.tops if theirs]
        return float(np.mean(shares)) if shares else 1.0


def top_agreement(examination: Examination) -> Agreement:
    """Return how far the answers agree; SkippedError where they are no classes, or not as many."""
    run, baseline = examination.run, baseline_of(examination)
    for one, what in ((run, "model"), (baseline, "baseline")):
        head = one.engine.head
        if not head.has_classes or head.meaning == BOXES:
            raise SkippedError(f"what the {what} answers are no classes of images: {head.words}.")
    tops, places = [], list[float]()
    for _, ours, theirs in both_prepared(examination):
        own, other = _classes(run, ours.values), _classes(baseline, theirs.values)
        for a, b in zip(own, other, strict=True):
            if len(a) != len(b):
                raise SkippedError(f"the model knows {len(a)} classes, and the baseline {len(b)}.")
            tops.append((_top(run, a), _top(baseline, b)))
            if a.shape == b.shape and is_map(run.engine.head, a):
                places.append(_alike(run, a, b))
    return Agreement(tops=tuple(tops), places=np.asarray(places))


def _classes(run: Run, x: Array) -> list[Array]:
    """Return per image the scores (classes, *places)."""
    head = run.engine.head
    found: list[Array] = []
    for _, tensors in run.together(x, [head.scores]):
        found += list(by_class(head, tensors[head.scores].astype(np.float32)))
    return found


def _top(run: Run, classes: Array) -> tuple[int, ...]:
    if not classes.size or not is_choosable(classes):
        return ()
    count = min(_TOP, max(len(classes) // 2, 1))
    return tuple(int(one) for one in ranked(run.engine.head, classes)[:count])


def _alike(run: Run, ours: Array, theirs: Array) -> float:
    head = run.engine.head
    same = (wins(head, ours) == wins(head, theirs)).all(axis=0)
    return float(same.mean())
