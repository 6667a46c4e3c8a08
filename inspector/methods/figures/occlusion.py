"""The occlusion figure, a to e (Zeiler & Fergus 2014, §4.2 and Fig 7)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from inspector.engine.run import Run
from inspector.errors import InvalidInputError
from inspector.methods.card import Card
from inspector.methods.figures.patches import Projection, Windows, example
from inspector.methods.figures.peaks import Peak, Peaks
from inspector.methods.figures.strongest import look_at, projections
from inspector.methods.paper import paper_figure
from inspector.methods.prepared import prepared
from inspector.methods.streamed import ImageSet
from inspector.methods.verbs import answer_to, answers
from inspector.render.photograph import photograph_of
from inspector.types.images import ImageLike, Prepared
from inspector.types.layouts import spatial_axes
from inspector.types.requests.base import request_fields
from inspector.types.requests.occlude import OccludeRequest
from inspector.types.requests.occlusion import OcclusionRequest
from inspector.types.results.figure import Figure, Panel
from inspector.types.results.images import ExampleRow, Examples, Images, Picture
from inspector.types.results.sweep import NOT_WATCHED, Sweep

NO_OTHER_IMAGES = "no_other_images"

_CARD = Card(
    formula="Per position of a gray square: p(class), Σ of the strongest map's activation, argmax p; and the deconvnet "
    "projection of that map's strongest activation, in the image and in the others that excite it most.",
    source="Zeiler & Fergus, 2014, arXiv 1311.2901, §4.2 and Fig 7",
    shows="Whether the answer hangs on the object or on what is around it, and what the strongest map looks for.",
    hides="What the model makes of a part and of the square's edges together; parts that stand in for each other: "
    "hiding one changes nothing.",
    cost="1 forward pass per position, 1 per other image, and about 3 per projection",
)


@paper_figure("7", request=OcclusionRequest, title="What hiding a part does")
@answers(OcclusionRequest, card=_CARD)
def occlusion(run: Run, request: OcclusionRequest) -> Figure:
    """Occlude the first image at every position; the others say what else excites its strongest map.

    The progress tells positions. Raises what `occlude` raises.
    """
    if request.count < 1:
        raise InvalidInputError(f"count is {request.count}; it must be at least 1.", field="count")
    first, others = _first_and_others(run, request.images)
    run.control = replace(run.control, wants_partial=False)  # what `occlude` knows so far is no figure
    given = {one.name: getattr(request, one.name) for one in request_fields(OccludeRequest)}
    sweep = answer_to(run, OccludeRequest(images=first, **given))
    panels = []
    if len(sweep.size) == 2 and sweep.done.any():
        panels.append(_occluded(sweep))
    panels.append(
        Panel(
            title="(b, d, e)",
            result=sweep,
            caption="The strongest map's total activation, the class's probability, and the most probable class, by "
            "the place of the square.",
        )
    )
    if sweep.channel != NOT_WATCHED:
        panels.insert(len(panels) - 1, _projected(run, request, first, others, sweep))
    return Figure(title="What hiding a part does", panels=tuple(panels), notes=run.notes)


def _first_and_others(run: Run, images: ImageLike) -> tuple[Prepared, ImageLike]:
    """Return the image that is occluded, and those to compare with, of which there may be none."""
    if isinstance(images, list | tuple):
        return prepared(run, list(images[:1])), list(images[1:])
    x = prepared(run, images)
    return x[:1], x[1:]


def _occluded(sweep: Sweep) -> Panel:
    """Return the image with the square where it hurts the target most (Fig 7 a)."""
    known = np.where(sweep.done & np.isfinite(sweep.probability), sweep.probability, np.inf)
    place = np.unravel_index(int(np.argmin(known)), known.shape)
    axes = spatial_axes(sweep.layout)
    index: list[slice | int] = [slice(None)] * sweep.inputs.ndim
    for axis, starts, size, at in zip(axes, sweep.starts, sweep.size, place, strict=True):
        index[axis] = slice(int(starts[at]), int(starts[at]) + size)
    hidden = sweep.inputs.copy()
    fill = np.asarray(sweep.fill)
    shape = [1] * hidden.ndim
    if fill.size > 1 and "C" in sweep.layout:
        shape[sweep.layout.index("C")] = fill.size
    hidden[tuple(index)] = fill.reshape(shape) if fill.size > 1 else fill[0]
    shown = photograph_of(hidden[0], layout=sweep.layout, spec=sweep.preprocessing)
    caption = f"occluded where {sweep.target.label or sweep.target} suffers most"
    picture = Picture(pixels=shown, caption=caption, value=float(known.min()), values=hidden[0])
    return Panel(title="(a)", result=Images(images=(picture,)), caption=caption)


def _projected(
    run: Run, request: OcclusionRequest, first: Prepared, others: ImageLike, sweep: Sweep
) -> Panel:
    """Return what the strongest map projects to in the image, and in the others that excite it most (Fig 7 c)."""
    layer = run.engine.model.layer(sweep.layer)
    here = Peaks(count=1)
    look_at(run, layer, first.values, here, first=0)
    shown: list[tuple[str, Peak, Prepared]] = [
        ("this image", peak, first) for peak in here.of(sweep.channel)[:1]
    ]
    if len(others):  # type: ignore[arg-type]
        images, elsewhere = ImageSet(run, others), Peaks(count=request.count + 1)
        for part, x in images.parts():
            look_at(run, layer, x.values, elsewhere, first=part.start)
        for peak in elsewhere.of(sweep.channel):
            x, counted = images.one(peak.image), replace(peak, image=peak.image + 1)
            if len(shown) <= request.count and not np.array_equal(x.values, first.values):
                shown.append((f"image {counted.image}", counted, x))
    else:
        run.note(
            NO_OTHER_IMAGES,
            "No other images were given to compare the strongest map's projection with; give some after the first.",
        )
    windows = Windows(run, layer, pads=False)
    chosen = [(sweep.channel, peak) for _, peak, _ in shown]
    maps = projections(run, layer, chosen, [x for *_, x in shown], method=request.method)
    examples = tuple(
        example(
            run,
            x.values,
            windows.of(peak.position, x.values),
            peak,
            projection=Projection(values=values, picture=picture),
            caption=caption,
        )
        for (caption, peak, x), (values, picture) in zip(shown, maps, strict=True)
    )
    row = ExampleRow(
        title=f"{layer.name}, channel {sweep.channel}",
        layer=layer.name,
        channel=sweep.channel,
        examples=examples,
    )
    return Panel(
        title="(c)",
        result=Examples(rows=(row,)),
        caption="What the map that is strongest in the image sees there, and in the others that excite it most.",
    )
