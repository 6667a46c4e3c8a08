"""How channels and layers came to what they are, over the checkpoints of a training (Zeiler & Fergus 2014, Fig 4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

import numpy as np

from inspector.engine.run import Run
from inspector.errors import InvalidInputError, within
from inspector.methods.card import Card
from inspector.methods.figures.layers import named_layers
from inspector.methods.figures.patches import Projection, Windows, example
from inspector.methods.figures.peaks import Peaks
from inspector.methods.figures.settling import (
    LEAST_IMAGES,
    MOST_BYTES,
    bytes_of,
    curves_of,
    grams,
    settling_panels,
    spread_over,
)
from inspector.methods.figures.strongest import look_at, projections, require_channels
from inspector.methods.paper import paper_figure
from inspector.methods.planes import layer_with_maps_below
from inspector.methods.streamed import ImageSet
from inspector.methods.verbs import answers
from inspector.model.weights import weighted_layers
from inspector.types.arrays import Array
from inspector.types.layers import Layer
from inspector.types.requests.evolution import EvolutionRequest
from inspector.types.results.figure import Figure, Panel
from inspector.types.results.images import Example, ExampleRow, Examples

FEW_IMAGES = "few_images"
_CURVES = 8

_CARD = Card(
    formula="Per checkpoint, the strongest activation of a channel over the images, projected by the deconvnet; and "
    "per layer 1 − CKA of its features of the images at the checkpoint and at the last one, "
    "CKA = ⟨K, L⟩/(‖K‖‖L‖) of the centered Gram matrices.",
    source="Zeiler & Fergus, 2014, arXiv 1311.2901, §4.1 and Fig 4; Kornblith et al., 2019, arXiv 1905.00414, §3",
    shows="Which structure a channel came to look for, when; and which layers were done early.",
    hides="The strongest activation jumps where another image takes over. A layer near to its last state may still be "
    "bad. With few images CKA is too kind.",
    cost="1 forward pass per image and checkpoint, and about 3 per channel and checkpoint; for the layers another "
    "forward pass per compared image, layer and checkpoint",
)


@dataclass(frozen=True, kw_only=True)
class _Moment:
    """One checkpoint, in the place of the model that is asked."""

    name: str
    run: Run
    layer: Layer
    """That whose channels are shown."""
    layers: tuple[Layer, ...]
    """Those that are compared."""
    peaks: Peaks


@paper_figure("4", request=EvolutionRequest, title="The evolution of features in training")
@answers(EvolutionRequest, card=_CARD)
def evolution(run: Run, request: EvolutionRequest) -> Figure:
    """Look at all images with all checkpoints; the images are prepared once, as the model itself takes them.

    Raises what `run.beside` raises about `models`, InvalidInputError for a checkpoint with another input or other
    layers, NotFoundError for a layer or a channel.
    """
    if not request.models:
        raise InvalidInputError(
            "No checkpoint was named; give the earlier ones.", reason="MISSING", field="models"
        )
    moments = _moments(run, request)
    last = moments[-1]
    require_channels(last.layer, request.channels, last.layer.channels)
    images = ImageSet(run, request.images)
    compared = _scan(run, request, images, moments)
    channels = list(request.channels) or last.peaks.outstanding(request.rows)
    require_channels(last.layer, channels, last.peaks.channels)
    panels = [
        Panel(
            title=f"Channels of {last.layer.name}",
            result=Examples(rows=_rows(run, images, moments, channels, method=request.method)),
            caption="Per checkpoint, the projection of the strongest activation, above its patch.",
        )
    ]
    if compared:
        names = [moment.name for moment in moments]
        panels += settling_panels(names, curves_of(compared, last.layers), settled=request.settled)
    for moment in moments:
        for note in moment.run.notes:
            run.note(note.id, note)
    return Figure(title="The evolution of features in training", panels=tuple(panels), notes=run.notes)


def _moments(run: Run, request: EvolutionRequest) -> list[_Moment]:
    """Return the checkpoints in their order, and the model itself last."""
    own = layer_with_maps_below(run.engine, request.layer, tensor=run.engine.head.scores)
    model = run.engine.model
    if request.layers:
        names = [one.name for one in named_layers(run.engine, request.layers)]
    else:
        names = [one.name for one in spread_over(weighted_layers(model), _CURVES)]
    runs = [
        (_short(name), run.beside(name, field=f"models[{place}]"))
        for place, name in enumerate(request.models)
    ]
    found = []
    for place, (name, one) in enumerate([*runs, (model.name, run)]):
        given = one.engine.model.input
        if (given.image_shape, given.dtype) != (model.input.image_shape, model.input.dtype):
            raise InvalidInputError(
                f"The checkpoint {name!r} takes {given.dtype} {given.image_shape}; the model itself takes "
                f"{model.input.dtype} {model.input.image_shape}.",
                field=f"models[{place}]",
            )
        with within(f"models[{place}]", always=True):
            layers = tuple(one.engine.model.layer(layer) for layer in names)
            layer = one.engine.model.layer(own.name)
        found.append(_Moment(name=name, run=one, layer=layer, layers=layers, peaks=Peaks(count=1)))
    return found


def _short(name: str) -> str:
    """Return a checkpoint's name for people: of a path the file's, without its suffix."""
    return PurePath(name.replace("\\", "/")).name.removesuffix(".onnx") or name


def _scan(
    run: Run, request: EvolutionRequest, images: ImageSet, moments: Sequence[_Moment]
) -> list[dict[str, Array]]:
    """Let every checkpoint look at all images, and return the Gram matrices of the compared ones, by checkpoint."""
    kept: list[Array] = []
    most = min(request.compared, MOST_BYTES // max(*map(bytes_of, moments[-1].layers), 1, 1))
    shown = len(moments) * (len(request.channels) or request.rows)
    total = len(images) * len(moments)
    for part, x in images.parts():
        if sum(map(len, kept)) < most and (not kept or kept[0].shape[1:] == x.values.shape[1:]):
            kept.append(x.values[: most - sum(map(len, kept))])
        for place, moment in enumerate(moments):
            look_at(moment.run, moment.layer, x.values, moment.peaks, first=part.start)
            run.control.tell(
                part.start * len(moments) + len(part) * (place + 1),
                max(total, part.stop * len(moments)) + shown,
            )
    together = np.concatenate(kept) if kept else np.empty(0)
    if not moments[-1].layers or len(together) < LEAST_IMAGES:
        run.note(
            FEW_IMAGES,
            f"When layers settle is not told: it takes layers with weights, and {LEAST_IMAGES} images of one size or "
            f"more; {len(together)} are compared.",
        )
        return []
    return [grams(moment.run, together, moment.layers) for moment in moments]


def _rows(
    run: Run, images: ImageSet, moments: Sequence[_Moment], channels: Sequence[int], *, method: str
) -> tuple[ExampleRow, ...]:
    rows: dict[int, list[Example]] = {channel: [] for channel in channels}
    windows = Windows(run, moments[-1].layer, pads=True)
    before, total = len(images) * len(moments), (len(images) + len(channels)) * len(moments)
    for place, moment in enumerate(moments):
        found = {channel: moment.peaks.of(channel)[:1] for channel in channels}
        chosen = [(channel, peak) for channel, peaks in found.items() for peak in peaks]
        xs = [images.one(peak.image) for _, peak in chosen]
        maps = projections(moment.run, moment.layer, chosen, xs, method=method)
        for (channel, peak), x, (values, picture) in zip(chosen, xs, maps, strict=True):
            window = windows.of(peak.position, x.values)
            drawn = Projection(values=values, picture=picture)
            rows[channel].append(example(run, x.values, window, peak, projection=drawn, caption=moment.name))
        run.control.tell(before + len(channels) * (place + 1), total)
    layer = moments[-1].layer.name
    return tuple(
        ExampleRow(title=f"{layer}, channel {channel}", layer=layer, channel=channel, examples=tuple(row))
        for channel, row in rows.items()
    )
