"""The parameter-randomization test: a map that stays when the weights go says nothing of them (Adebayo et al. 2018)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from inspector.engine.run import Run
from inspector.methods.judging.scores import GAUSSIAN, MAP, RANDOM
from inspector.methods.judging.subject import Subject, spearman
from inspector.types.arrays import Array
from inspector.types.results.table import Series

PlaneOf = Callable[[Run, Subject], Array]
"""(a run of a model, a subject) -> how important the method finds each pixel there."""


@dataclass
class Curves:
    """How alike maps remain, by the share of the layers that have lost their weights."""

    shares: list[float] = field(default_factory=list)
    alike: list[list[float]] = field(default_factory=list)
    """Per stage, of each map."""

    @property
    def is_empty(self) -> bool:
        """Whether no layer was randomized."""
        return not self.shares

    @property
    def last(self) -> list[float]:
        """Of each map, how alike it is once all layers are randomized."""
        return self.alike[-1]

    def add(self, share: float, alike: list[float]) -> None:
        """Take one stage."""
        self.shares.append(share)
        self.alike.append(alike)

    def series(self) -> Series | None:
        """Return the mean over maps, with those that mean nothing, which no weight changes; None where it is empty."""
        if self.is_empty:
            return None
        known = [[value for value in stage if np.isfinite(value)] for stage in self.alike]
        means = [float(np.mean(stage)) if stage else np.nan for stage in known]
        places = np.asarray([0.0, *self.shares])
        flat = np.ones(len(places))
        return Series(
            x=places,
            curves={MAP: np.asarray([1.0, *means]), RANDOM: flat, GAUSSIAN: flat},
            x_label="share of the layers randomized, from the top",
            y_label="rank correlation with the map",
            title="Parameter randomization",
        )


def stages_of(layers: int, stages: int) -> list[int]:
    """Return how many of the layers are randomized at each stage, at last all of them."""
    return sorted({max(1, round(layers * stage / stages)) for stage in range(1, stages + 1)})


def cascade(
    run: Run, subjects: Sequence[Subject], plane_of: PlaneOf, *, stages: int, seed: int
) -> Iterator[tuple[float, list[float]]]:
    """Yield (share of the layers randomized, the rank correlation of each subject's map with its own) per stage.

    Layers with weights lose them from the top, that is from the target down, and those that have lost them stay so
    (Adebayo et al. 2018, §4.1, arXiv 1810.03292). Nothing where the target has no such layer below it.
    """
    tensors = {one.chosen.resolved.tensor for one in subjects}
    layers = list(dict.fromkeys(name for tensor in tensors for name in run.engine.weighted_to(tensor)))
    order = {name: place for place, name in enumerate(one.output for one in run.engine.model.layers)}
    layers.sort(key=lambda name: order.get(name, -1), reverse=True)
    for count in stages_of(len(layers), stages) if layers else ():
        with run.engine.randomized(layers[:count], seed=seed) as engine:
            other = Run(engine, control=run.control, seed=run.seed)
            alike = [spearman(one.plane, plane_of(other, one)) for one in subjects]
        yield count / len(layers), alike
