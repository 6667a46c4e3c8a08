"""The strongest activations of channels over a set of images (Zeiler & Fergus 2014, Fig 2)."""

from __future__ import annotations

from collections.abc import Iterable

from inspector.engine.run import Run
from inspector.errors import InvalidInputError
from inspector.methods.card import Card
from inspector.methods.figures.patches import Projection, Windows, example
from inspector.methods.figures.peaks import Peak, Peaks
from inspector.methods.figures.strongest import TOGETHER, look_at, projections, require_channels
from inspector.methods.paper import paper_figure
from inspector.methods.planes import layer_with_maps_below
from inspector.methods.streamed import ImageSet
from inspector.methods.verbs import answers
from inspector.resolve.names import label_of
from inspector.types.arrays import Array
from inspector.types.images import Prepared
from inspector.types.layers import Layer
from inspector.types.requests.top import TopRequest
from inspector.types.results.images import Example, ExampleRow, Examples

FIRES_RARELY = "fires_rarely"
FEWER_EXAMPLES = "fewer_examples"
CHOSEN_CHANNELS = "chosen_channels"

_CARD = Card(
    formula="argmax over images and places of a channel's activation, the `count` largest, one per image; each with "
    "the pixels of its receptive field and the deconvnet projection of that one activation.",
    source="Zeiler & Fergus, 2014, arXiv 1311.2901, §4 and Fig 2",
    shows="What a channel responds to most, and which structure of each patch makes it do so.",
    hides="What it responds to less: nine of many images say nothing of the rest. In layers that see the whole image "
    "the patch is the image. What is not in the set cannot be found.",
    cost="1 forward pass per image, up to the layer, and about 3 per example for its projection",
)


_MOST = 10_000
"""Rows, and examples in each."""


@paper_figure("2", request=TopRequest, title="What excites channels most")
@answers(TopRequest, card=_CARD)
def top(run: Run, request: TopRequest) -> Examples:
    """Look at all images once, keeping every channel's strongest activations, then at the best again.

    Raises NotFoundError for a layer or a channel that there is none of, InvalidInputError for an input without space.
    """
    for name in ("rows", "count", "per_image"):
        if not 1 <= getattr(request, name) <= _MOST:
            raise InvalidInputError(
                f"{name} is {getattr(request, name)}; it must be at least 1 and at most {_MOST:,}.",
                field=name,
            )
    layer = layer_with_maps_below(run.engine, request.layer, tensor=run.engine.head.scores)
    require_channels(layer, request.channels, layer.channels)
    images = ImageSet(run, request.images)
    more = (len(request.channels) or request.rows) * request.count if request.projections else 0
    peaks = Peaks(count=request.count, per_image=request.per_image)
    for part, x in images.parts():
        look_at(run, layer, x.values, peaks, first=part.start)
        run.control.tell(part.stop, max(len(images), part.stop) + more)
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
    found = {channel: tuple(one for one in peaks.of(channel) if one.value != 0) for channel in channels}
    rare = [channel for channel in channels if len(found[channel]) < len(peaks.of(channel))]
    if rare:
        run.note(
            FIRES_RARELY,
            f"Channels {', '.join(map(str, rare[:12]))}{', …' if len(rare) > 12 else ''} of layer {layer.name!r} are 0 "
            "on the other images: those are no examples of what excites them.",
        )
    drawn = _drawn(run, layer, images, found, request, max(more, sum(map(len, found.values()))))
    rows = tuple(
        ExampleRow(
            title=_title(run, layer, channel),
            layer=layer.name,
            channel=channel,
            examples=tuple(drawn[channel, place] for place in range(len(found[channel]))),
        )
        for channel in channels
    )
    return Examples(rows=rows, notes=run.notes)


def _drawn(
    run: Run,
    layer: Layer,
    images: ImageSet,
    found: dict[int, tuple[Peak, ...]],
    request: TopRequest,
    more: int,
) -> dict[tuple[int, int], Example]:
    """Return the examples by channel and place; images are read in their order, each once."""
    windows = Windows(run, layer, pads=request.border == "pad")
    wanted = [(channel, place, peak) for channel, peaks in found.items() for place, peak in enumerate(peaks)]
    wanted.sort(key=lambda one: one[2].image)
    drawn: dict[tuple[int, int], Example] = {}
    for start in range(0, len(wanted), TOGETHER):
        part = wanted[start : start + TOGETHER]
        xs: list[Prepared] = []
        for place, one in enumerate(part):
            again = place and part[place - 1][2].image == one[2].image
            xs.append(xs[-1] if again else images.one(one[2].image))
        maps: Iterable[tuple[Array, str] | None] = [None] * len(part)
        if request.projections:
            maps = projections(
                run, layer, [(channel, peak) for channel, _, peak in part], xs, method=request.method
            )
        for (channel, place, peak), x, found_map in zip(part, xs, maps, strict=True):
            shown = None if found_map is None else Projection(values=found_map[0], picture=found_map[1])
            window = windows.of(peak.position, x.values)
            drawn[channel, place] = example(run, x.values, window, peak, projection=shown)
        if request.projections:
            total, is_last = len(images) + more, start + len(part) == len(wanted)
            run.control.tell(total if is_last else len(images) + start + len(part), total)
    return drawn


def _title(run: Run, layer: Layer, channel: int) -> str:
    head = run.engine.head
    label = label_of(run.engine.model, head, channel) if layer.output == head.scores else None
    return f"{layer.name}, channel {channel}" + (f" ({label})" if label else "")
