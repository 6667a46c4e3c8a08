"""Where a layer's maps lie in the image, and how they are enlarged to its size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from inspector.engine.engine import Engine
from inspector.engine.kept import Kept
from inspector.engine.run import Run
from inspector.errors import InvalidInputError
from inspector.methods.notes import PATCHES_TAKEN, PLACES_UNKNOWN
from inspector.methods.planes import Spread, image_size, interpolation, spread
from inspector.methods.tokens import TokenGrid, token_grid
from inspector.methods.windows import Windows
from inspector.model.receptive.field import Field
from inspector.model.receptive.track import Places, Track, is_still
from inspector.resolve.targets import channel_axis
from inspector.types.arrays import Array
from inspector.types.layers import Layer


@dataclass(frozen=True, kw_only=True, eq=False)
class Placed:
    """How a layer's activations (N, …) lie over an image."""

    channels: int
    """The axis of channels in the activations."""
    space: tuple[int | None, ...]
    """For each of the image's axes of space, that of the activations along it; None where all units see all of it."""
    size: tuple[int, ...]
    """Of the image."""
    tracks: tuple[Track | None, ...]
    """For each of them, what the units see of it and where they stand; None where that is not known."""
    tokens: TokenGrid | None = None
    """How tokens form maps, where the layer has tokens instead."""
    notes: tuple[tuple[str, str], ...] = ()
    """What of it is not known: the ids and texts of notes."""
    _spreads: Kept[tuple[int, ...], tuple[Spread, ...]] = field(default_factory=lambda: Kept(most=4))
    """By the units along the axes."""

    def maps(self, activations: Array) -> Array:
        """Return (N, channels, *units along the image's axes); axes that are neither come last."""
        if self.tokens is not None:
            return self.tokens.maps(activations)
        order = (self.channels, *(axis for axis in self.space if axis is not None))
        ordered = tuple(range(1, len(order) + 1))
        moved = activations if order == ordered else np.moveaxis(activations, order, ordered)
        absent = [place + 2 for place, axis in enumerate(self.space) if axis is None]
        return np.expand_dims(moved, absent) if absent else moved

    def enlarged(self, planes: Array) -> Array:
        """Return (M, *units) planes at the image's size, each value at the place of its unit, with lines between."""
        units = planes.shape[1:]

        def spreads() -> tuple[Spread, ...]:
            axes = zip(self.tracks, units, self.size, strict=True)
            return tuple(Spread.of(placing(track, count, extent)) for track, count, extent in axes)

        return spread(planes, self._spreads.get(units, spreads))


def placing(track: Track | None, units: int, extent: int) -> Array:
    """Return the (extent, units) float32 matrix that lays units over an axis of the image.

    Where they stand in the image's order and the usual stretching over the whole axis leaves each of them within what
    it sees, as in most networks, they are stretched; so they are where their places are not known. Else each stands at
    its place, with lines between neighbors, and 0 where none of them sees: where an axis was turned round, cut,
    shuffled, or padded.
    """
    if units == 1:
        return np.ones((extent, 1), np.float32)
    places = _places(track)
    if track is None or places is None or len(places) != units or _is_usual(track, places, extent):
        return interpolation(units, extent)
    known = np.flatnonzero(np.isfinite(places))
    stands, back = np.unique(places[known], return_inverse=True)
    pixels = np.clip(np.arange(extent), stands[0], stands[-1])
    after = np.clip(np.searchsorted(stands, pixels), 1, len(stands) - 1)
    share = (pixels - stands[after - 1]) / (stands[after] - stands[after - 1])
    weights = np.zeros((extent, len(stands)), np.float32)
    rows = np.arange(extent)
    weights[rows, after - 1] = 1 - share
    weights[rows, after] += share
    if track.windows is not None:
        weights[(rows < track.windows[:, 0].min()) | (rows > track.windows[:, 1].max())] = (
            0  # which no unit sees
        )
    matrix = np.zeros((extent, units), np.float32)
    matrix[:, known] = weights[:, back] / np.bincount(back)[back]  # units at one place are averaged
    return matrix


def _places(track: Track | None) -> Places | None:
    """Return where units stand; None where that is not known."""
    return None if track is None or track.places is None or is_still(track.places) else track.places


def _is_usual(track: Track, places: Places, extent: int) -> bool:
    """Return whether stretching units over the axis leaves each in what it sees, or within a pitch of its place.

    Together they see all of the axis but what is less than their pitch, and stand in it.
    """
    steps = np.diff(places)
    if track.windows is None or not (steps > 0).all():
        return False
    pitch, stretched = float(np.median(steps)), (np.arange(len(places)) + 0.5) * extent / len(places) - 0.5
    low, high = track.windows.T
    if min(places[0], extent - 1 - places[-1]) < -pitch or max(low.min(), extent - 1 - high.max()) > pitch:
        return False
    is_seen = (low - pitch / 2 <= stretched) & (stretched <= high + pitch / 2)
    return bool((is_seen | (np.abs(stretched - places) <= pitch)).all())


def placed(run: Run, layer: Layer, activations: Array, x: Array, *, windows: Windows | None = None) -> Placed:
    """Return how a layer's activations (N, …) on images (N, …) lie over them, and note what of it is not known.

    InvalidInputError where they have no axis along any of the image's, and are no tokens.
    """
    engine, image, shape = run.engine, x.shape[1:], activations.shape
    size = image_size(engine, x)
    found = engine.learned(
        ("placed", layer.output, image, shape[1:]),
        lambda: _placed(Windows(engine, image) if windows is None else windows, layer, shape, size),
    )
    for identifier, text in found.notes:
        run.note(identifier, text)
    return found


def _placed(windows: Windows, layer: Layer, shape: tuple[int, ...], size: tuple[int, ...]) -> Placed:
    """Return how activations of a shape lie over images of a size along their axes of space."""
    rank = len(shape) - 1
    known = windows.fields.get(layer.output)
    roles = () if known is None else known.roles
    shift = len(shape) - len(roles)  # a tensor without a batch axis is given one
    channels = channel_axis(layer, rank) + 1
    if known is not None and known.channel_axis is not None:
        channels = known.channel_axis + shift
    along = () if known is None else known.spatial_axes
    space: tuple[int | None, ...] = tuple(None if axis is None else axis + shift for axis in along)
    if channels in space:  # what the rank makes likely is an axis of the image here
        channels = next((axis for axis in range(1, len(shape)) if axis not in space), 0)
    others = [axis for axis in range(1, len(shape)) if axis != channels and axis not in space]
    tracks: tuple[Track | None, ...] = (None,) * len(size)
    if known is not None and channels and any(axis is not None for axis in space):
        tracks = tuple(known.tracks[role] for role in known.space)
    elif len(others) == len(size):
        space, others = tuple(others), []
    elif (tokens := token_grid(windows, layer)) is not None:
        return Placed(
            channels=channels,
            space=space,
            size=size,
            tracks=_of_patches(tokens),
            tokens=tokens,
            notes=((PATCHES_TAKEN, _tokens_taken(layer, tokens)),),
        )
    else:
        raise InvalidInputError(
            f"Layer {layer.name!r} has no maps: its output for one image has {rank} axes. Name one with maps, "
            f"channels and {_axes(len(size))} of space (see layers()).",
            field="layer",
        )
    notes = tuple((PLACES_UNKNOWN, text) for text in _unknown(layer, space, tracks, shape, others))
    return Placed(channels=channels, space=space, size=size, tracks=tracks, notes=notes)


def _of_patches(tokens: TokenGrid) -> tuple[Track | None, ...]:
    """Return the tracks of the patches that tokens stand for; of a grid that is guessed they are not known."""
    if tokens.field is None:
        return (None, None)
    return tuple(tokens.field.tracks[role] for role in tokens.field.space)


def _tokens_taken(layer: Layer, tokens: TokenGrid) -> str:
    """Say that tokens are taken for a grid of patches, and how sure that is."""
    rows, columns = tokens.order.shape
    beside = f", {tokens.others} beside them for none" if tokens.others else ""
    how = (
        f"in the order in which they were made of {tokens.patches!r}, which the layers between are taken to keep"
        if tokens.patches is not None
        else "row by row, which is guessed by their number"
    )
    return f"The tokens of layer {layer.name!r} are taken for {rows} × {columns} patches of the image{beside}, {how}."


def _axes(count: int) -> str:
    return ("one axis", "two axes", "three axes")[count - 1]


def fields_for(engine: Engine, x: Array) -> Mapping[str, Field]:
    """Return the fields of the model's tensors; where its image size is free, those of images like `x`."""
    return Windows(engine, x.shape[1:]).fields


def _unknown(
    layer: Layer,
    space: tuple[int | None, ...],
    tracks: tuple[Track | None, ...],
    shape: tuple[int, ...],
    others: list[int],
) -> Iterator[str]:
    """Say what is not known of where units stand."""
    lost = [
        axis
        for axis, track in zip(space, tracks, strict=True)
        if axis is not None and shape[axis] > 1 and _places(track) is None
    ]
    if lost:
        yield (
            f"Where the units of layer {layer.name!r} stand in the image is not known: its map was stretched over the "
            "image, as if they lay in order."
        )
    wide = [axis for axis in others if shape[axis] > 1]
    if wide or any(axis is None for axis in space):
        yield (
            f"The maps of layer {layer.name!r} do not lie over the image along all their axes (a spectrum over time is "
            "one over the signal along time only): over the others it is the mean."
        )
