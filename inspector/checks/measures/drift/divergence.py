"""Where two models begin to differ: the first layer whose error its inputs do not explain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isfinite, sqrt

from inspector.checks.measures.drift.alignment import Pair
from inspector.checks.measures.drift.layers import Drift, Drifts
from inspector.checks.measures.drift.limits import Limit, Limits
from inspector.checks.measures.drift.matched import Matched, weighted
from inspector.checks.measures.precision import Precision


@dataclass(frozen=True, kw_only=True, eq=False)
class Step:
    """A layer's error beside that of what it reads."""

    drift: Drift
    error: float
    """‖a − b‖ / ‖b‖ of the layer."""
    inputs: tuple[Drift, ...]
    """The nearest matched layers before it."""
    read: float
    """The largest error among them."""

    @property
    def own(self) -> float:
        """What the layer adds: noises that do not know of each other add up by their squares."""
        if isfinite(self.error):
            return sqrt(max(self.error**2 - self.read**2, 0.0)) if isfinite(self.read) else 0.0
        return self.error if isfinite(self.read) else 0.0


def steps_of(matched: Matched, drifts: Drifts) -> list[Step]:
    """Return every pair of layers with what those add that it reads, in the model's graph order.

    Behind them come outputs that are no matched layers: what was put behind the last layer shows there alone.
    """
    by_tensor = {one.pair.own: one for one in drifts.layers}
    among = frozenset(by_tensor)
    floats = {one.name for one in matched.own.model.outputs if one.dtype.startswith(("float", "bfloat"))}
    ends = [
        one
        for one in drifts.outputs
        if one.pair.own not in among and one.pair.own in floats and one.sums.images
    ]
    found = []
    for one in (*drifts.layers, *ends):
        inputs = tuple(by_tensor[name] for name in matched.own.sources(one.pair.own, among))
        read = max((before.sums.relative_error for before in inputs), default=0.0)
        found.append(Step(drift=one, error=one.sums.relative_error, inputs=inputs, read=read))
    return found


@dataclass(frozen=True, kw_only=True)
class Allowed:
    """How large an error of its own a layer may have."""

    limits: Limits
    clean: float
    """The same, of a layer that reads what hardly drifts: then nothing of its error is its inputs', amplified."""
    hardly: float
    """How far inputs drift that hardly do."""

    def of(self, step: Step) -> Limit:
        """Return what is allowed for a layer."""
        limit = self.limits.of(step.drift.pair)
        return replace(limit, value=min(limit.value, self.clean)) if step.read <= self.hardly else limit


def first_diverging(steps: Sequence[Step], allowed: Allowed) -> Step | None:
    """Return the first that adds more than is allowed; where none does alone, the first whose error is above it.

    Image inputs that differ are no layer: what differs behind them is found only as far as they do not explain it.
    """
    layers = steps[1:]
    alone = next((one for one in layers if one.own > allowed.of(one).value), None)
    return alone or next((one for one in layers if one.error > allowed.limits.of(one.drift.pair).value), None)


def is_made_good(
    matched: Matched, steps: Sequence[Step], drifts: Drifts, limits: Limits, limit: Limit
) -> bool:
    """Return whether nothing is left of what drifts above `limit`: scales that the next layer takes back are no fault.

    The last layer with weights is asked as well: a softmax that is sure hides any scale before it. Where models compute
    coarsely from some place on, so is the last one before that place: what is allowed behind it would hide the rest.
    """

    def allowed(pair: Pair) -> float:
        own = limits.of(pair)
        return min(own.value, limit.value) if own.precision is limit.precision else own.value

    last = dict[Precision, Step]()
    weights = {*weighted(matched.own, [one.drift.pair.own for one in steps])}
    for one in steps:
        if one.drift.pair.own in weights:
            last[limits.of(one.drift.pair).precision] = one
    if any(one.error > allowed(one.drift.pair) for one in last.values()):
        return False
    return bool(drifts.outputs) and all(
        not one.unlike and one.sums.relative_error <= allowed(one.pair) / 2 for one in drifts.outputs
    )


def on_way(steps: Sequence[Step], tensor: str) -> list[Step]:
    """Return the steps that lead to a tensor of the model, itself among them, in their order, the image input first."""
    by_tensor = {one.drift.pair.own: one for one in steps}
    pending, found = [tensor], {steps[0].drift.pair.own}
    while pending:
        step = by_tensor.get(pending.pop())
        if step is not None and step.drift.pair.own not in found:
            found.add(step.drift.pair.own)
            pending.extend(one.pair.own for one in step.inputs)
    return [one for one in steps if one.drift.pair.own in found]


def worst_first(steps: Sequence[Step]) -> list[Step]:
    """Return them with the largest errors first."""
    return sorted(steps, key=lambda one: -one.error)
