"""Grouping: which pictures are made in one loop, and what each of them is made for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from inspector.engine.run import Run
from inspector.graph.synthesis.objectives import Diversity, Objective
from inspector.methods.planes import layers_with_maps
from inspector.methods.synthesis.goals import Goal, objective_of
from inspector.resolve.targets import channel_axis
from inspector.types.layers import Layer
from inspector.types.requests.synthesize import SynthesizeRequest

MOST_TOGETHER = 4
"""Pictures of one loop, but for samples that are to differ: more at once are not faster on a CPU."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Wanted:
    """One picture: what is to grow in it, each with a weight, and which of the samples it is."""

    goals: tuple[Goal, ...]
    weights: tuple[float, ...]
    sample: int

    @property
    def tensors(self) -> tuple[str, ...]:
        """Where its goals live."""
        return tuple(goal.tensor for goal in self.goals)

    @property
    def caption(self) -> str:
        """What it is made for, in words."""
        if len(self.goals) == 1:
            return self.goals[0].caption
        parts = zip(self.weights, self.goals, strict=True)
        return " + ".join(f"{weight:g} × {goal.caption}" for weight, goal in parts)


@dataclass(frozen=True, kw_only=True, eq=False)
class Group:
    """Pictures of one loop: all of one goal each in one tensor, or all of the same goals."""

    pictures: tuple[Wanted, ...]
    diversity: float = 0.0
    layer: Layer | None = None
    """Where they are to differ."""

    def objective(self, *, crops: int) -> Objective:
        """Return the mean over views of what is to grow, the sum over pictures."""
        first = self.pictures[0]
        if len(first.goals) == 1:
            found = objective_of([one.goals[0] for one in self.pictures], crops=crops) * first.weights[0]
        else:
            parts = [
                objective_of([goal] * len(self.pictures), crops=crops) * weight
                for goal, weight in zip(first.goals, first.weights, strict=True)
            ]
            found = parts[0]
            for part in parts[1:]:
                found = found + part
        if self.layer is not None and self.diversity:
            found = found + self.diversity * Diversity(
                tensor=self.layer.output,
                channel_axis=channel_axis(self.layer, len(self.layer.shape or ()) - 1),
                group=len(self.pictures),
                crops=crops,
            )
        return found * (1 / crops)


def grouped(
    run: Run, request: SynthesizeRequest, goals: Sequence[Goal], *, crops: int, image: tuple[int, ...]
) -> Iterator[Group]:
    """Cut all pictures into loops: samples that are to differ together, others of one tensor as memory allows."""
    samples = range(request.samples)
    if request.weights is not None:
        wanted = [Wanted(goals=tuple(goals), weights=request.weights, sample=sample) for sample in samples]
    else:
        wanted = [
            Wanted(goals=(goal,), weights=(1.0,), sample=sample) for goal in goals for sample in samples
        ]
    diversity = 1.0 if request.diversity is None else request.diversity
    if request.samples > 1 and diversity:
        for start in range(0, len(wanted), request.samples):
            pictures = tuple(wanted[start : start + request.samples])
            yield Group(pictures=pictures, diversity=diversity, layer=_layer(run, request, pictures[0]))
        return
    most = max(1, min(MOST_TOGETHER, run.engine.largest_batch(image) // crops))
    held: list[Wanted] = []
    for one in wanted:
        if held and (len(held) == most or not _go_together(held[0], one)):
            yield Group(pictures=tuple(held))
            held = []
        held.append(one)
    yield Group(pictures=tuple(held))


def _go_together(one: Wanted, other: Wanted) -> bool:
    if len(one.goals) > 1:
        return True
    return one.tensors == other.tensors and not (one.goals[0].is_norm or other.goals[0].is_norm)


def _layer(run: Run, request: SynthesizeRequest, wanted: Wanted) -> Layer | None:
    """Return the layer in which samples are to differ: the one asked for, or the last with maps below the target."""
    if request.layer is not None:
        return run.engine.model.layer(request.layer)
    found = layers_with_maps(run.engine, wanted.tensors[0])
    return found[-1] if found else None
