"""What of a layer's maps a target sees: a box one place of the last layer, a class of the whole image all of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from inspector.engine.engine import Engine
from inspector.engine.sized import fields_of, shapes_of
from inspector.graph.elements import Traced, trace_elements
from inspector.model.receptive.field import BATCH, CHANNEL, UNKNOWN, Field
from inspector.model.receptive.trace import fields_after
from inspector.model.receptive.track import Track
from inspector.resolve.chosen import Chosen
from inspector.types.layers import Layer, Shape
from inspector.types.layouts import batched, space_of, spatial_sizes


@dataclass(frozen=True, kw_only=True)
class Seen:
    """How much of a layer's maps a target sees, along each of the image's axes of space."""

    spans: tuple[int, ...]
    """Places from the first to the last that is seen."""
    units: tuple[int, ...]
    """Places that there are."""
    reach: tuple[int, ...]
    """The same where none of them is cut off by the border."""

    @property
    def is_part(self) -> bool:
        """Whether it is no more than half along some axis: windows without padding lose a few places anyway."""
        return any(2 * span <= units for span, units in zip(self.spans, self.units, strict=True))


@dataclass(eq=False)
class Windows:
    """What targets see of a model's layers, on images of one shape (without the batch axis).

    What is read off the graph for that is kept with the engine.
    """

    engine: Engine
    image: tuple[int, ...]

    @cached_property
    def shapes(self) -> Mapping[str, Shape]:
        """The shapes of all tensors for one image."""
        return shapes_of(self.engine, self.image)

    @property
    def sides(self) -> tuple[int, ...]:
        """The sizes of the image's axes of space."""
        return spatial_sizes((1, *self.image), batched(self.engine.model.input.layout))

    @cached_property
    def fields(self) -> Mapping[str, Field]:
        """The fields of the model's tensors; where its image size is free, those of such images."""
        return fields_of(self.engine, self.image)

    def computed(self, chosen: Chosen) -> Traced:
        """Return the elements where they were computed, before what only moves them: of a box, at its own scale."""
        return trace_elements(self.engine.model.ir, chosen.resolved.tensor, chosen.places, shapes=self.shapes)

    def seen(self, traced: Traced, layer: Layer) -> Seen | None:
        """Return what elements see of a layer; None where that cannot be followed."""
        found = self._of(layer).get(traced.tensor)
        shape = self.shapes.get(traced.tensor, ())
        sizes = [size for size in shape if isinstance(size, int)]
        if found is None or not found.roles or len(sizes) != len(shape) or len(shape) != len(found.roles):
            return None
        if traced.places.max(initial=0) >= np.prod(sizes):
            return None
        index = dict(zip(found.roles, np.unravel_index(traced.places, sizes), strict=True))
        spans, units, reach = [], [], []
        for role in found.space:
            track = found.tracks[role]
            if track.windows is None or track.extent is None:
                return None
            rows = index[role] if role in index else np.arange(len(track.windows))
            first, last = track.windows[rows, 0].min(), track.windows[rows, 1].max()
            spans.append(int(last - first + 1))
            units.append(track.extent)
            reach.append(max(spans[-1], int((track.windows[:, 1] - track.windows[:, 0]).max() + 1)))
        return Seen(spans=tuple(spans), units=tuple(units), reach=tuple(reach))

    def _of(self, layer: Layer) -> Mapping[str, Field]:
        """Return how every tensor after a layer reads its maps, as if they were the image."""
        model, shapes, start = self.engine.model, self.shapes, self._start(layer)

        def walked() -> Mapping[str, Field]:
            if start is None:
                return {}
            return fields_after(
                model.ir.graph, layer.output, start, shapes, opset=model.opset, limits=model.limits
            )

        return self.engine.learned(("fields after", self.image, layer.output), walked)

    def _start(self, layer: Layer) -> Field | None:
        """Return a layer's maps as an image; None where their axes, or sizes, are not known."""
        letters = space_of(self.engine.model.input.layout)
        shape = self.shapes.get(layer.output, ())
        axes = layer.spatial_axes
        if not axes or any(axis < 0 for axis in axes):
            axes = tuple(axis for axis in range(1, len(shape)) if axis != layer.channel_axis)
        if len(axes) != len(letters) or any(axis >= len(shape) for axis in axes):
            return None
        roles = [UNKNOWN] * len(shape)
        has_batch = self.engine.model.input.batch_axis is not None
        if has_batch:
            roles[0] = BATCH
        if layer.channel_axis is not None:
            roles[layer.channel_axis] = CHANNEL
        tracks = {BATCH: Track.of_image(1)}
        for letter, axis in zip(letters, axes, strict=True):
            size = shape[axis]
            if not isinstance(size, int):
                return None
            roles[axis] = letter
            tracks[letter] = Track.of_image(size)
        return Field(roles=tuple(roles), tracks=tracks)
