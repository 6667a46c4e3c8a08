"""The strongest activations of channels over a set of images (Zeiler & Fergus 2014, Fig 2)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

import numpy as np

from inspector.engine.run import Run
from inspector.errors import InvalidInputError, NotFoundError
from inspector.methods.card import Card
from inspector.methods.figures.patches import Windows, example
from inspector.methods.figures.peaks import Peak, Peaks
from inspector.methods.notes import NOT_FINITE, note_run
from inspector.methods.paper import paper_figure
from inspector.methods.planes import layer_with_maps_below
from inspector.methods.streamed import ImageSet
from inspector.methods.verbs import answer_to, answers
from inspector.resolve.names import label_of
from inspector.resolve.targets import channel_axis
from inspector.types.arrays import Array
from inspector.types.images import Prepared
from inspector.types.layers import Layer
from inspector.types.requests.attribute import AttributeRequest
from inspector.types.requests.top import TopRequest
from inspector.types.results.images import Example, ExampleRow, Examples
from inspector.types.targets import Unit

CAUTION = "caution"
FEWER_EXAMPLES = "fewer_examples"
CHOSEN_CHANNELS = "chosen_channels"
_TOGETHER = 16
"""Projections that are computed at once."""

_CARD = Card(
    formula="argmax over images and places of a channel's activation, the `count` largest, one per image; each with "
    "the pixels of its receptive field and the deconvnet projection of that one activation.",
    source="Zeiler & Fergus, 2014, arXiv 1311.2901, §4 and Fig 2",
    shows="What a channel responds to most, and which structure of each patch makes it do so.",
    hides="What it responds to less: nine of many images say nothing of the rest. In layers that see the whole image "
    "the patch is the image. What is not in the set cannot be found.",
    cost="1 forward pass per image, up to the layer, and about 3 per example for its projection",
)


@paper_figure("2", name="top", request=TopRequest, title="What excites channels most")
@answers(TopRequest, card=_CARD)
def top(run: Run, request: TopRequest) -> Examples:
    """Look at all images once, keeping every channel's strongest activations, then at the best again.

    Raises NotFoundError for a layer or a channel that there is none of, InvalidInputError for an input without space.
    """
    for name in ("rows", "count", "per_image"):
        if getattr(request, name) < 1:
            raise InvalidInputError(f"{name} is {getattr(request, name)}; it must be at least 1.", field=name)
    layer = layer_with_maps_below(run.engine, request.layer, tensor=run.engine.head.scores)
    require_channels(layer, request.channels, layer.channels)
    images = ImageSet(run, request.images)
    more = (len(request.channels) or request.rows) * request.count if request.projections else 0
    peaks = find_peaks(run, layer, images, count=request.count, per_image=request.per_image, more=more)
    require_channels(layer, request.channels, peaks.channels)
    channels = list(request.channels) or peaks.outstanding(request.rows)
    if not request.channels and peaks.channels > len(channels):
        run.note(
            CHOSEN_CHANNELS,
            f"Of the {peaks.channels} channels of layer {layer.name!r} those are shown whose strongest activations "
            "stand out most from their usual ones, each with images of its own; channels=… names others.",
        )
    if peaks.images * request.per_image < request.count:
        run.note(
            FEWER_EXAMPLES,
            f"{peaks.images} images give fewer than the {request.count} examples that were asked for.",
        )
    found = {channel: peaks.of(channel) for channel in channels}
    drawn = _drawn(run, layer, images, found, request)
    rows = tuple(
        ExampleRow(
            title=_title(run, layer, channel),
            layer=layer.name,
            channel=channel,
            examples=tuple(drawn[channel, place] for place in range(len(found[channel]))),
        )
        for channel in channels
    )
    note_run(run)
    return Examples(rows=rows, notes=run.notes)


def require_channels(layer: Layer, channels: Sequence[int], count: int | None) -> None:
    """Raise NotFoundError for a channel that a layer does not have; where their number is not known, none does."""
    for place, channel in enumerate(channels):
        if count is not None and channel >= count:
            raise NotFoundError(
                f"Layer {layer.name!r} has no channel {channel}: it has {count}, from 0 to {count - 1}.",
                reason="CHANNEL_NOT_FOUND",
                field=f"channels[{place}]",
            )


def find_peaks(
    run: Run, layer: Layer, images: ImageSet, *, count: int, per_image: int = 1, more: int = 0
) -> Peaks:
    """Return the strongest activations of all channels of a layer; the progress tells images, with `more` to come."""
    peaks = Peaks(count=count, per_image=per_image)
    for part, x in images.parts():
        for some, found in run.together(x.values, [layer.output]):
            values = found[layer.output]
            axis = channel_axis(layer, values.ndim - 1) + 1
            first = part.start + some.start
            peaks.add(values, axis=axis, images=range(first, first + len(some)))
        run.control.tell(part.stop, max(len(images), part.stop) + more)
    if peaks.not_finite:
        run.note(
            NOT_FINITE,
            f"{peaks.not_finite:,} maps of layer {layer.name!r} hold NaN or infinity; such places are left out.",
        )
    return peaks


def project_peaks(
    run: Run, layer: Layer, chosen: Sequence[tuple[int, Peak]], x: Sequence[Prepared]
) -> tuple[Array, str]:
    """Return the deconvnet projections (M, *image) of units, each on its own image, and how they are drawn."""
    together = Prepared(
        np.concatenate([one.values for one in x]), from_pictures=any(one.from_pictures for one in x)
    )
    targets = tuple(Unit(layer.name, channel, peak.position) for channel, peak in chosen)
    maps = answer_to(run, AttributeRequest(images=together, method="deconvnet", targets=targets))
    if maps.caution:
        run.note(CAUTION, maps.caution)
    return maps.maps, maps.picture


def _drawn(
    run: Run,
    layer: Layer,
    images: ImageSet,
    found: dict[int, tuple[Peak, ...]],
    request: TopRequest,
) -> dict[tuple[int, int], Example]:
    """Return the examples by channel and place; images are read in their order, each once."""
    windows = Windows(run, layer, pads=request.border == "pad")
    wanted = [(channel, place, peak) for channel, peaks in found.items() for place, peak in enumerate(peaks)]
    wanted.sort(key=lambda one: one[2].image)
    drawn: dict[tuple[int, int], Example] = {}
    done = len(images)
    for part in _parts(images, wanted):
        maps: Sequence[Array | None] = [None] * len(part)
        picture = ""
        if request.projections:
            found_maps, picture = project_peaks(
                run, layer, [(channel, peak) for channel, _, peak, _ in part], [x for *_, x in part]
            )
            maps = list(found_maps)
            done += len(part)
            run.control.tell(done, len(images) + len(wanted))
        for (channel, place, peak, x), values in zip(part, maps, strict=True):
            drawn[channel, place] = example(
                run,
                x.values,
                windows.of(peak.position, x.values),
                image=peak.image,
                value=peak.value,
                projection=values,
                picture=picture,
            )
    return drawn


_Wanted = tuple[int, int, Peak]


def _parts(images: ImageSet, wanted: Sequence[_Wanted]) -> Iterator[list[tuple[int, int, Peak, Prepared]]]:
    """Yield what is wanted with its images, a few of one size at a time."""
    part: list[tuple[int, int, Peak, Prepared]] = []
    for image, group in groupby(wanted, key=lambda one: one[2].image):
        x = images.one(image)
        for channel, place, peak in group:
            if part and (len(part) == _TOGETHER or part[0][3].values.shape != x.values.shape):
                yield part
                part = []
            part.append((channel, place, peak, x))
    if part:
        yield part


def _title(run: Run, layer: Layer, channel: int) -> str:
    head = run.engine.head
    label = label_of(run.engine.model, head, channel) if layer.output == head.scores else None
    return f"{layer.name}, channel {channel}" + (f" ({label})" if label else "")
