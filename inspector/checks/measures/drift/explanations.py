"""Where two models look: their maps of the class that the baseline answers, on a few images."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from inspector.checks.examination import Examination, SkippedError
from inspector.checks.measures.drift.answers import Agreement, top_agreement
from inspector.checks.measures.drift.both import baseline_of, both_prepared
from inspector.engine.run import Run
from inspector.errors import CancelledError, InspectorError
from inspector.methods.judging.subject import plane_of, spearman
from inspector.methods.planes import image_size
from inspector.methods.verbs import answer_to
from inspector.types.arrays import Array
from inspector.types.contrast import hardly_moves
from inspector.types.images import Prepared
from inspector.types.requests.attribute import AttributeRequest
from inspector.types.requests.occlude import OccludeRequest
from inspector.types.targets import Class

_SALIENCY_IMAGES = 10
_OCCLUSION_IMAGES = 4
_CELLS = 7
"""Along each side, into which maps of single pixels are averaged: their ranks alone are mostly noise."""
_SQUARE, _STEPS = 4, 6
"""The occluding square is a fourth of each side, and moves by a sixth of it."""
_BESIDE = 0.85
"""A maximum has moved where the map at its old place is less than this share of the new maximum."""

Look = Callable[[Run, Prepared, int], Array]
"""(a run, one image, a class) -> how important each place is."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Compared:
    """One image's maps."""

    image: int
    label: int
    """The class that is explained."""
    correlation: float
    """Of ranks (Spearman); NaN where one of both maps is flat."""
    moved: bool
    """Whether the most important place is another."""


def saliency_drift(examination: Examination) -> tuple[Compared, ...]:
    """Return the saliency maps of both models, compared; SkippedError where there are none."""
    return tuple(_compared(examination, _saliency, most=_SALIENCY_IMAGES))


def occlusion_drift(examination: Examination) -> tuple[Compared, ...]:
    """Return coarse occlusion maps of both models, compared; SkippedError where there are none."""
    return tuple(_compared(examination, _occlusion, most=_OCCLUSION_IMAGES))


def _compared(examination: Examination, look: Look, *, most: int) -> Iterator[Compared]:
    agreement: Agreement = examination.measured(top_agreement)
    run, baseline = examination.run, baseline_of(examination)
    for places, ours, theirs in both_prepared(examination, most=most):
        for row, image in enumerate(places):
            tops = agreement.tops[image][1]
            if not tops:
                continue
            label = tops[0]
            own = _map(run, "model", look, ours[row : row + 1], label)
            other = _map(baseline, "baseline", look, theirs[row : row + 1], label)
            if own.shape != other.shape:
                raise SkippedError(
                    f"the models look at images of different sizes: their maps are {own.shape} and {other.shape}."
                )
            flat = hardly_moves(own) or hardly_moves(other)
            yield Compared(
                image=image,
                label=label,
                correlation=float("nan") if flat else spearman(own, other),
                moved=not flat and _has_moved(own, other),
            )


def _map(run: Run, what: str, look: Look, image: Prepared, label: int) -> Array:
    try:
        return look(run, image, label)
    except CancelledError:
        raise
    except InspectorError as error:
        raise SkippedError(f"the {what} has no such map: {error.message}") from error


def _has_moved(own: Array, other: Array) -> bool:
    """Return whether the model's map is clearly lower where the baseline's is highest than where it is itself."""
    low = float(own.min())
    height = float(own.max()) - low
    return float(own.flat[int(other.argmax())]) - low < _BESIDE * height


def _saliency(run: Run, image: Prepared, label: int) -> Array:
    maps = answer_to(run, AttributeRequest(images=image, method="saliency", targets=(Class(label),)))
    return pooled(plane_of(maps.maps[0], picture=maps.picture, layout=maps.layout), _CELLS)


def _occlusion(run: Run, image: Prepared, label: int) -> Array:
    """How much of the class's probability is lost where the square stands."""
    size = image_size(run.engine, image.values)
    sweep = answer_to(
        run,
        OccludeRequest(
            images=image,
            target=Class(label),
            size=tuple(max(1, side // _SQUARE) for side in size),
            stride=tuple(max(1, side // _STEPS) for side in size),
        ),
    )
    lost: Array = sweep.baseline_probability - sweep.probability.astype(np.float64)
    return lost


def pooled(plane: Array, cells: int) -> Array:
    """Return the means of a plane over a grid of so many cells along each side, or fewer where it is smaller."""
    for axis, side in enumerate(plane.shape):
        edges = np.linspace(0, side, min(cells, side) + 1).astype(np.int64)
        sums = np.add.reduceat(plane, edges[:-1], axis=axis)
        widths = np.diff(edges).reshape([-1 if one == axis else 1 for one in range(plane.ndim)])
        plane = sums / widths
    return plane
