"""How far corresponding layers of two models drift apart, over all images, in bounded memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from inspector.checks.collect import collected
from inspector.checks.examination import Examination
from inspector.checks.measures.drift.alignment import Pair
from inspector.checks.measures.drift.both import baseline_of, both_prepared
from inspector.checks.measures.drift.matched import Matched, matched_layers
from inspector.checks.measures.drift.sums import Sums
from inspector.engine.room import in_groups
from inspector.engine.run import Run
from inspector.types.arrays import Array
from inspector.types.images import Prepared

_BYTES = 96 << 20
"""Of the values of each model that are held at a time, where one layer's for one image are not more."""
_TOGETHER = 16
"""Images that are compared at a time, at most."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Drift:
    """Two tensors that correspond, and how far they drift apart."""

    pair: Pair
    sums: Sums
    unlike: list[int] = field(default_factory=list)
    """The images on which they differ in shape."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Drifts:
    """How far two models drift apart."""

    layers: tuple[Drift, ...]
    """In the model's graph order, the image inputs first."""
    outputs: tuple[Drift, ...]
    """In the model's order."""


def layer_drift(examination: Examination) -> Drifts:
    """Return the drift of every pair of layers and outputs; raises what `matched_layers` raises.

    Both models run side by side over the same images, as many layers of as many images at a time as fit.
    """
    matched = examination.measured(matched_layers)
    run, baseline = examination.run, baseline_of(examination)
    layers = tuple(Drift(pair=pair, sums=Sums()) for pair in matched.pairs)
    outputs = tuple(Drift(pair=pair, sums=Sums()) for pair in matched.outputs)
    every = (*layers, *outputs)
    sizes = [matched.sizes.get(one.pair.own, 0) for one in every]
    groups = list(in_groups(every, sizes, most=_BYTES))
    total = sum(sizes)
    together = max(1, min(_TOGETHER, _BYTES // max(total, 1)))
    for places, ours, theirs in both_prepared(examination):
        for start in range(0, len(ours), together):
            part = slice(start, start + together)
            for group in groups:
                run.control.cancellation.raise_if_cancelled()
                first = places.start + start
                _compare(run, baseline, matched, group, ours[part], theirs[part], first=first)
    return Drifts(layers=layers, outputs=outputs)


def _compare(
    run: Run,
    baseline: Run,
    matched: Matched,
    group: Sequence[Drift],
    ours: Prepared,
    theirs: Prepared,
    *,
    first: int,
) -> None:
    found = _values(run, ours, [one.pair.own for one in group])
    expected = _values(baseline, theirs, [one.pair.other for one in group])
    for one in group:
        values = zip(found[one.pair.own], expected[one.pair.other], strict=True)
        for image, (a, b) in enumerate(values):
            turned, wanted = _in_one_order(matched, one.pair, a, b)
            if turned.shape == wanted.shape:
                one.sums.add(turned, wanted)
            else:
                one.unlike.append(first + image)


def _in_one_order(matched: Matched, pair: Pair, a: Array, b: Array) -> tuple[Array, Array]:
    """Return both values channels first; as they are where only of one it is known which axis that is."""
    own, other = matched.own, matched.other
    if a.shape == b.shape and own.knows_axes(pair.own) != other.knows_axes(pair.other):
        return a, b
    return own.canonical(pair.own, a), other.canonical(pair.other, b)


def _values(run: Run, images: Prepared, tensors: Sequence[str]) -> dict[str, list[Array]]:
    """Return tensors of images, the image input among them: of each image for itself, (1, …)."""
    found = collected(run, [(range(len(images)), images)], tensors)
    return {
        name: [values[row : row + 1] for values in parts for row in range(len(values))]
        for name, parts in found.items()
    }
