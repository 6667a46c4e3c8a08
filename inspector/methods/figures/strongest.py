"""The strongest activations of a layer's channels: looked for in images, and projected."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from inspector.engine.run import Run
from inspector.errors import InvalidInputError, NotFoundError, within
from inspector.methods.figures.peaks import Peak, Peaks
from inspector.methods.notes import CAUTION, NOT_FINITE
from inspector.methods.verbs import answer_to
from inspector.resolve.targets import channel_axis
from inspector.types.arrays import Array
from inspector.types.images import Prepared, joined
from inspector.types.layers import Layer
from inspector.types.requests.attribute import AttributeRequest
from inspector.types.targets import Unit

TOGETHER = 16
"""Projections that are computed at once."""


def require_channels(layer: Layer, channels: Sequence[int], count: int | None) -> None:
    """Raise NotFoundError for a channel that a layer does not have; where their number is not known, none does."""
    for place, channel in enumerate(channels):
        if count is not None and channel >= count:
            raise NotFoundError(
                f"Layer {layer.name!r} has no channel {channel}: it has {count}, from 0 to {count - 1}.",
                reason="CHANNEL_NOT_FOUND",
                field=f"channels[{place}]",
            )


def look_at(run: Run, layer: Layer, x: Array, peaks: Peaks, *, first: int) -> None:
    """Let `peaks` see a layer's activations on images (N, …), which are those from number `first` on."""
    before = peaks.not_finite
    for some, found in run.together(x, [layer.output]):
        values = found[layer.output]
        with within("layer", always=True):
            axis = channel_axis(layer, values.ndim - 1) + 1
        if peaks.channels not in (0, values.shape[axis]):
            raise InvalidInputError(
                f"Layer {layer.name!r} has {peaks.channels} channels for one image and {values.shape[axis]} for "
                "another: they do not compare. Give images of one size, or another layer.",
                reason="SHAPES_DIFFER",
                field="images",
            )
        peaks.add(values, axis=axis, images=range(first + some.start, first + some.stop))
    if peaks.not_finite > before:
        run.note(
            NOT_FINITE,
            f"Layer {layer.name!r} gives NaN or infinity on some images; such places are left out.",
        )


def projections(
    run: Run,
    layer: Layer,
    chosen: Sequence[tuple[int, Peak]],
    x: Sequence[Prepared],
    *,
    method: str = "deconvnet",
) -> Iterator[tuple[Array, str]]:
    """Yield the projection (*image) of each unit on its own image, by a method of attribution, and how it is drawn."""
    start = 0
    while start < len(chosen):
        stop = start + 1
        if method == "deconvnet" and chosen[start][1].value == 0:  # nothing goes back from what did not fire
            yield np.zeros(x[start].values.shape[1:], np.float32), "projection"
            start = stop
            continue
        while (
            stop < len(x)
            and stop - start < TOGETHER
            and x[stop].values.shape == x[start].values.shape
            and chosen[stop][1].value != 0
        ):
            stop += 1
        maps, picture = _projected(run, layer, chosen[start:stop], x[start:stop], method=method)
        yield from ((values, picture) for values in maps)
        start = stop


def _projected(
    run: Run, layer: Layer, chosen: Sequence[tuple[int, Peak]], x: Sequence[Prepared], *, method: str
) -> tuple[Array, str]:
    """Return the projections (M, *image) of units, each on its own image, and how they are drawn.

    The caution of the method is noted.
    """
    targets = tuple(Unit(layer.name, channel, peak.position) for channel, peak in chosen)
    maps = answer_to(run, AttributeRequest(images=joined(x), method=method, targets=targets))
    if maps.caution:
        run.note(CAUTION, maps.caution)
    return maps.maps, maps.picture
