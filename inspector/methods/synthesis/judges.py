"""Judges: what other models make of a picture that was made for one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from inspector.engine.run import Run
from inspector.errors import InvalidInputError
from inspector.methods.prepared import prepared
from inspector.resolve.labels import index_of_label
from inspector.resolve.names import label_of, labels_of
from inspector.resolve.probabilities import probabilities, tensors_of
from inspector.types.arrays import Array
from inspector.types.targets import ResolvedTarget

JUDGED_BY_INDEX = "judged_by_index"
NOT_JUDGED = "not_judged"


@dataclass(frozen=True, kw_only=True, eq=False)
class Verdict:
    """What one judge says of one picture."""

    rank: int | None
    """Of the target's class, 1 for the first; None where the judge does not have it."""
    probability: float | None
    answer: str
    """The judge's own answer."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Judge:
    """Another model that has classes."""

    name: str
    run: Run

    def of(self, run: Run, pixels: Sequence[Array], targets: Sequence[ResolvedTarget]) -> list[Verdict]:
        """Return what it says of pictures, uint8 (H, W, 3), each made for a target of the model of `run`."""
        head = self.run.engine.head
        x = prepared(self.run, list(pixels))
        found = self.run.forward(x.values, tensors_of(head))
        known = probabilities(head, found)
        if known is None:
            return [Verdict(rank=None, probability=None, answer="") for _ in targets]
        likely = known.reshape(*known.shape[:2], -1).mean(axis=2)
        return [self._verdict(run, values, target) for values, target in zip(likely, targets, strict=True)]

    def _verdict(self, run: Run, likely: Array, target: ResolvedTarget) -> Verdict:
        best = int(likely.argmax())
        head = self.run.engine.head
        answer = label_of(self.run.engine.model, head, best) or f"class {best}"
        index = self._class(run, target, len(likely))
        if index is None:
            return Verdict(rank=None, probability=None, answer=answer)
        rank = 1 + int(np.count_nonzero(likely > likely[index]))
        return Verdict(rank=rank, probability=float(likely[index]), answer=answer)

    def _class(self, run: Run, target: ResolvedTarget, count: int) -> int | None:
        """Return the judge's class of a target: of its label, or where one of both has none, of its index."""
        if target.kind != "class" or target.channel is None:
            return None
        own = labels_of(self.run.engine.model, self.run.engine.head)
        if target.label is not None and own:
            try:
                return index_of_label(target.label, own, what="the judge")
            except InvalidInputError:
                return None
        if run.engine.head_of(target.output).classes != count:
            return None
        run.note(
            JUDGED_BY_INDEX,
            f"{self.name} judges by the class's number, as one of the models has no labels: both count alike only "
            "where they were trained on the same list of classes.",
        )
        return target.channel


def judges_of(run: Run, models: Sequence[str]) -> list[Judge]:
    """Return the other models by their names; what has no classes says nothing, with a note."""
    found = []
    for model in models:
        other = run.beside(model)
        if not other.engine.head.has_classes:
            run.note(NOT_JUDGED, f"{model} has no classes, and judges nothing.")
            continue
        found.append(Judge(name=Path(model).stem, run=other))
    return found
