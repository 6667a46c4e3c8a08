"""Occlusion by free masks: each region of an image covered once."""

from __future__ import annotations

import numpy as np

from inspector.engine.run import Run
from inspector.engine.sweeping.sweep import Sweeping
from inspector.engine.sweeping.variants import Variants
from inspector.errors import InvalidInputError
from inspector.methods.card import Card
from inspector.methods.choosing import choose
from inspector.methods.emptiness import reasons_for
from inspector.methods.notes import HARDLY_MOVES, note_missing, note_target, note_values
from inspector.methods.occlusion.effects import effects_map, effects_table
from inspector.methods.occlusion.regions import Cover, Regions, covering, regions_of
from inspector.methods.perturbed import perturbed
from inspector.methods.planes import image_size
from inspector.methods.prepared import prepared
from inspector.methods.verbs import answers
from inspector.resolve.chosen import Chosen
from inspector.resolve.names import label_of
from inspector.resolve.probabilities import answers as answers_of
from inspector.resolve.probabilities import present, tensors_for, tensors_of, winners
from inspector.types.arrays import Array
from inspector.types.contrast import hardly_moves
from inspector.types.layouts import batched, channel_axis, of_one, spatial_axes
from inspector.types.requests.occlude_regions import OccludeRegionsRequest
from inspector.types.results.figure import Figure, Panel
from inspector.types.targets import Class

EFFECT, REGIONS = "effect", "regions"
"""The titles of the panels."""


@answers(
    OccludeRegionsRequest,
    card=Card(
        formula="e_k = f(x) − f(x ⊙ (1 − m_k) + fill ⊙ m_k) for each mask m_k; with `keep`, f of the region alone less "
        "f of nothing.",
        source="Zeiler & Fergus 2014, §4.2, arXiv 1311.2901, with free masks; superpixels by SLIC, Achanta et al. "
        "2012; regions as units of an explanation as in LIME, Ribeiro et al. 2016, arXiv 1602.04938",
        shows="What each region is worth to the target, in its own unit (probability), as numbers that compare.",
        hides="Regions act together: two eyes may each be needless beside the other. The cover is itself a thing to "
        "see (a gray patch has edges), and images with it are unlike those of the training.",
        cost="1 forward pass, and 1 per region.",
    ),
)
def occlude_regions(run: Run, request: OccludeRegionsRequest) -> Figure:
    """Cover each region of one image; the progress tells regions."""
    if request.batch is not None and request.batch < 1:
        raise InvalidInputError(f"batch is {request.batch}; it must be at least 1.", field="batch")
    x = prepared(run, request.images)
    if len(x) != 1:
        raise InvalidInputError(f"Occlusion takes one image; {len(x)} were given.", field="images")
    engine, image = run.engine, x.values
    image_size(engine, image)
    plain = _channels_last(run, image[0].astype(np.float64))
    regions = regions_of(request, plain)
    cover = covering(run, plain, image, request.fill, regions.count)
    target = request.target or Class()
    chosen = choose(run, image, target)
    variants = _covered(run, plain, regions, cover, keep=request.keep)
    head = engine.head_of(target.output if isinstance(target, Class) else None)
    tensors = tuple(dict.fromkeys((*tensors_of(head), *tensors_for(engine, chosen))))
    found = np.full(regions.count, np.nan, np.float32)
    labels = np.full(regions.count, -1, np.int64)
    missing = 0
    for part, tensor in Sweeping(run, variants, tensors, at_most=request.batch).answers():
        own = np.broadcast_to(image, (len(part), *image.shape[1:]))  # whose size is all that is looked at
        rows = slice(part.start, part.stop)
        found[rows] = answers_of(engine, chosen, tensor, own)
        labels[rows] = winners(engine, head, tensor, own)
        missing += int(np.count_nonzero(~present(engine, chosen, tensor, len(part))))
        run.control.tell(part.stop, regions.count)
    baseline = _baseline(run, chosen, image, plain, cover, tensors, keep=request.keep)
    effects = found - baseline if request.keep else baseline - found
    note_missing(run, missing, regions.count, "their effects are NaN")
    note_values(run, image, effects[None], what="the effects", images=[0])
    if regions.count > 1 and hardly_moves(effects, beside=baseline):
        run.note(
            HARDLY_MOVES,
            f"Whichever region is covered, {chosen.resolved} hardly moves: the map says nothing.",
        )
        for identifier, reason in reasons_for(run, image, chosen):
            run.note(identifier, f"{chosen.resolved} does not change with the image: {reason}")
    note_target(run, target)
    names = {int(one): label_of(engine.model, head, int(one)) for one in np.unique(labels) if one >= 0}
    shown = {one: name or str(one) for one, name in names.items()} if head.has_classes else {}
    heat = effects_map(run, request, x.values, chosen, regions, effects)
    table = effects_table(chosen, regions, found, effects, [shown.get(int(one)) for one in labels])
    panels = (
        Panel(title=EFFECT, result=heat, caption=_CAPTIONS[request.keep]),
        Panel(title=REGIONS, result=table),
    )
    what = "probability" if chosen.resolved.kind == "class" else "value"
    reference = f"{baseline:.4g} with everything covered" if request.keep else f"{baseline:.4g} uncovered"
    return Figure(panels=panels, title=f"{what} of {chosen.resolved}: {reference}", notes=run.notes)


_CAPTIONS = {
    False: "What the target loses without each region: orange speaks for it, blue against it.",
    True: "What the target gains by each region alone, over nothing: orange speaks for it, blue against it.",
}


def _covered(run: Run, plain: Array, regions: Regions, cover: Cover, *, keep: bool) -> Variants:
    """Return the image with each region covered, or all but it; each differs within a box about what is covered."""

    def hidden(mask: Array) -> Array:
        return 1 - mask if keep else mask

    boxes = np.stack([_box_about(hidden(regions.mask(index))) for index in range(regions.count)])

    def patch(index: int) -> Array:
        mask = regions.mask(index)
        where = tuple(slice(*ends) for ends in boxes[index].tolist())
        share = hidden(mask)[where][..., None]
        over = np.broadcast_to(cover(index, mask), plain.shape)[where]
        made: Array = perturbed(run, _as_input(run, plain[where] * (1 - share) + over * share)[None])[0]
        return made

    axes = spatial_axes(batched(run.engine.model.input.layout))
    return Variants(image=perturbed(run, _as_input(run, plain)[None]), axes=axes, boxes=boxes, patch=patch)


def _box_about(mask: Array) -> Array:
    """Return where a mask is not 0: along each axis the first pixel and the one after the last."""
    ends = []
    for axis in range(mask.ndim):
        at = np.flatnonzero(mask.any(axis=tuple(other for other in range(mask.ndim) if other != axis)))
        ends.append((at[0], at[-1] + 1) if at.size else (0, 0))
    return np.asarray(ends, np.int64)


def _baseline(
    run: Run,
    chosen: Chosen,
    image: Array,
    plain: Array,
    cover: Cover,
    tensors: tuple[str, ...],
    *,
    keep: bool,
) -> float:
    """Return the answer on the image as it is; or, where regions are kept, with everything covered."""
    x = image
    if keep:
        mask = np.ones(plain.shape[:-1])
        made = np.broadcast_to(cover(0, mask), plain.shape)
        x = perturbed(run, _as_input(run, made)[None])
    return float(answers_of(run.engine, chosen, run.forward(x, tensors), x)[0])


def _channels_last(run: Run, image: Array) -> Array:
    axis = channel_axis(of_one(run.engine.model.input.layout))
    return image[..., None] if axis is None else np.moveaxis(image, axis, -1)


def _as_input(run: Run, image: Array) -> Array:
    axis = channel_axis(of_one(run.engine.model.input.layout))
    return image[..., 0] if axis is None else np.moveaxis(image, -1, axis)
