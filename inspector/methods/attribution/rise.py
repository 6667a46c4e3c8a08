"""RISE: randomized input sampling for explanation (Petsiuk et al. 2018)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from inspector.engine.run import Run
from inspector.engine.sweeping.batches import Batches, Ran
from inspector.errors import InvalidInputError
from inspector.methods.attribution.averages import Part, require_count
from inspector.methods.attribution.masks import random_masks
from inspector.methods.attribution.projection import attribution_of, resolve_targets
from inspector.methods.card import Card
from inspector.methods.color import Baseline, baseline_image
from inspector.methods.emptiness import reasons_for
from inspector.methods.notes import HARDLY_MOVES, note_missing
from inspector.methods.perturbed import perturbed
from inspector.methods.planes import as_maps, image_size
from inspector.methods.registration import attribution_method
from inspector.resolve.chosen import Chosen
from inspector.resolve.probabilities import answers_of_all, present, tensors_for
from inspector.types.arrays import Array
from inspector.types.contrast import hardly_moves
from inspector.types.images import Prepared
from inspector.types.results.maps import Maps
from inspector.types.targets import Target

_UNSEEN = 1e-6
"""Less than this was shown of a pixel: then nothing is known of it, and its value is 0."""
_CELLS = 7
"""So many cells go with every image: an axis of fewer pixels has one per pixel."""


@attribution_method(
    "rise",
    picture="heat",
    card=Card(
        formula="S = Σ_i f(x ⊙ M_i + x′ ⊙ (1 − M_i)) M_i / Σ_i M_i over random smooth masks M_i.",
        source="Petsiuk et al. 2018, §3, arXiv 1806.07421",
        shows="Which regions keep the answer up when others are hidden, by answers alone: no gradients, any "
        "model.",
        hides="A rough map with a pedestal: compare places, not numbers. It varies with the seed unless masks "
        "are many; small objects below a cell's size blur.",
        cost="`masks` forward passes (2000) for each image, whose targets share them.",
    ),
)
def rise(
    run: Run,
    x: Prepared,
    targets: Sequence[Target],
    *,
    masks: int = 2000,
    cells: int = _CELLS,
    keep: float = 0.5,
    baseline: Baseline = "gray",
    seed: int = 0,
) -> Maps:
    """S = Σ_i f(x ⊙ M_i + x′ ⊙ (1 − M_i)) · M_i / Σ_i M_i, with f the class's probability or another target's value.

    Forward runs only. It estimates the paper's E[f | M = 1]; dividing by what the masks really showed of a pixel,
    instead of its expectation N · keep, takes out the unevenness of few masks. Each of the `masks` is a smoothed grid
    of `cells` per axis (or as many as it has pixels), of which the share `keep` shows the image and the rest the
    baseline x′. Maps have one channel.
    """
    engine, images = run.engine, x.values
    shape = images.shape[1:]
    require_count(run, masks, field="masks")
    size = image_size(engine, images)
    _check(cells=cells, keep=keep, seed=seed, size=size)
    plain = baseline_image(engine.model, images, baseline, field="baseline")
    chosen = resolve_targets(run, images, targets)
    planes: dict[int, Array] = {}
    for (image, tensors), places in _sharing(run, chosen).items():
        part = Part(len(planes), len(places), len(chosen))
        generator = run.generator(seed)
        sampled = _Sampled(
            run,
            images[image],
            plain,
            targets=[chosen[place] for place in places],
            draw=lambda count, generator=generator: random_masks(  # type: ignore[misc]
                count, size=size, cells=cells, keep=keep, generator=generator
            ),
        )
        batches = Batches(run, shape, tensors, count=masks, at_most=engine.usual_batch(shape))
        for ran in batches(range(masks), sampled.images):
            sampled.add(ran)
            part.tell(run, ran.numbers.stop, masks)
        planes |= zip(places, sampled.planes(masks), strict=True)
    found = [planes[place] for place in range(len(chosen))]
    for target, plane in zip(chosen, found, strict=True):
        if hardly_moves(plane, beside=target.resolved.value if target.resolved.kind != "class" else 0.0):
            _note_flat(run, images, target, plane)
    return attribution_of(run, x, as_maps(engine, np.stack(found)), [target.resolved for target in chosen])


def _sharing(run: Run, chosen: Sequence[Chosen]) -> dict[tuple[int, tuple[str, ...]], list[int]]:
    """Return which targets share the masked images: those of one image that are read from the same tensors."""
    found: dict[tuple[int, tuple[str, ...]], list[int]] = {}
    for place, target in enumerate(chosen):
        found.setdefault((target.resolved.image, tensors_for(run.engine, target)), []).append(place)
    return found


class _Sampled:
    """The sums over the masks of one image, for some targets."""

    def __init__(
        self,
        run: Run,
        image: Array,
        plain: Array,
        *,
        targets: Sequence[Chosen],
        draw: Callable[[int], Array],
    ) -> None:
        self._run, self._image, self._plain, self._targets, self._draw = run, image, plain, targets, draw
        self._masks = np.empty(0, np.float32)
        self._first = 0
        size = image_size(run.engine, image[None])
        self._total, self._seen = (np.zeros((len(targets), *size), np.float64) for _ in range(2))
        self._missing = np.zeros(len(targets), np.int64)

    def images(self, numbers: range) -> Array:
        """Return the image under so many masks more."""
        self._masks, self._first = self._draw(len(numbers)), numbers.start
        shown = as_maps(self._run.engine, self._masks)
        mixed = shown * self._image
        mixed += (1 - shown) * self._plain
        return perturbed(self._run, mixed)

    def add(self, ran: Ran) -> None:
        """Take what some of the images answer."""
        engine, count = self._run.engine, len(ran.numbers)
        start = ran.numbers.start - self._first
        drawn = self._masks[start : start + count]
        there = np.stack([present(engine, target, ran.found, count) for target in self._targets])
        values = np.where(there, answers_of_all(engine, self._targets, ran.found, ran.images), 0)
        self._missing += np.count_nonzero(~there, axis=1)
        self._total += np.tensordot(values.astype(np.float32), drawn, axes=1)
        self._seen += np.tensordot(there.astype(np.float32), drawn, axes=1)

    def planes(self, masks: int) -> Iterator[Array]:
        """Yield the map of each target, float32 (*size)."""
        for missing in self._missing.tolist():
            note_missing(self._run, missing, masks, "the map is of the other masks")
        yield from (self._total / np.maximum(self._seen, _UNSEEN)).astype(np.float32)


def _note_flat(run: Run, images: Array, target: Chosen, plane: Array) -> None:
    """Note that no mask changes the answer, and why where the target does not change with the image at all."""
    run.note(
        HARDLY_MOVES,
        f"Whatever the masks hide, the answer for {target.resolved} stays between {plane.min():.6g} and "
        f"{plane.max():.6g}: the map says nothing of where.",
    )
    for identifier, text in reasons_for(run, images[target.resolved.image][None], target):
        run.note(identifier, f"{target.resolved} does not change with the image: {text}")


def _check(*, cells: int, keep: float, seed: int, size: tuple[int, ...]) -> None:
    most = max(_CELLS, min(size))
    if not 1 <= cells <= most:
        raise InvalidInputError(
            f"cells is {cells}; allowed is 1 to {most}: {_CELLS}, or the image's shorter side where that is more.",
            field="cells",
        )
    if not 0 < keep <= 1:
        raise InvalidInputError(f"keep is {keep}; it must be above 0 and at most 1.", field="keep")
    if seed < 0:
        raise InvalidInputError(f"seed is {seed}; it must be 0 or more.", field="seed")
