"""RISE: randomized input sampling for explanation (Petsiuk et al. 2018)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inspector.engine.run import Run
from inspector.errors import InvalidInputError
from inspector.methods.attribution.averages import Part, chunks, require_count
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
from inspector.resolve.probabilities import answers, present, tensors_for
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
        cost="`masks` forward passes (2000).",
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
    require_count(run, masks, field="masks")
    size = image_size(engine, images)
    _check(cells=cells, keep=keep, seed=seed, size=size)
    plain = baseline_image(engine.model, images, baseline, field="baseline")
    chosen = resolve_targets(run, images, targets)
    planes = []
    resolved = [target.resolved for target in chosen]
    for number, target in enumerate(chosen):
        image = images[target.resolved.image]
        generator = run.generator(seed)
        total, seen = (np.zeros(size, np.float64) for _ in range(2))
        part, missing = Part(number, len(resolved)), 0
        for numbers in chunks(engine, masks, image.shape):
            drawn = random_masks(len(numbers), size=size, cells=cells, keep=keep, generator=generator)
            shown = as_maps(engine, drawn)
            masked = perturbed(run, shown * image + (1 - shown) * plain)
            for images_of, found in run.together(masked, tensors_for(engine, target)):
                values = answers(engine, target, found, masked[images_of.start : images_of.stop])
                is_there = present(engine, target, found, len(values))
                missing += int(np.count_nonzero(~is_there))
                kept = drawn[images_of.start : images_of.stop][is_there]
                total += np.tensordot(values[is_there], kept, axes=1)
                seen += kept.sum(axis=0)
            part.tell(run, numbers.stop, masks)
        note_missing(run, missing, masks, "the map is of the other masks")
        plane = (total / np.maximum(seen, _UNSEEN)).astype(np.float32)
        if hardly_moves(plane, beside=target.resolved.value if target.resolved.kind != "class" else 0.0):
            _note_flat(run, images, target, plane)
        planes.append(plane)
    return attribution_of(run, x, as_maps(engine, np.stack(planes)), resolved)


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
