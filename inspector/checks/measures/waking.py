"""What channels and outputs do over the images: whether a channel ever wakes, and an output ever changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from inspector.model.spec import OnnxModel
from inspector.model.weights import weighted_layers
from inspector.resolve.rectifiers import ends_of_channels
from inspector.resolve.targets import channel_axis
from inspector.types.arrays import Array
from inspector.types.layers import Layer


@dataclass(frozen=True, kw_only=True, eq=False)
class Waking:
    """How often the channels of one layer give something."""

    layer: Layer
    images: int
    counts: Array
    """int64 (channels,): on how many images each is other than at rest anywhere behind the layer's rectifier.

    At rest it is 0, or, where it is 0 nowhere on the first image, its first value there.
    """

    @property
    def silent(self) -> Array:
        """int64: the channels that gave one value everywhere on all images."""
        found: Array = np.flatnonzero(self.counts == 0)
        return found

    @property
    def unseen(self) -> float:
        """About how many of the silent channels other images would wake (Chao 1984): (n−1)/n · f₁² / 2f₂.

        f₁ and f₂ are how many channels one image and two images woke: where many channels were met once, many more
        wait.
        """
        once, twice = (int(np.count_nonzero(self.counts == count)) for count in (1, 2))
        guess = once**2 / (2 * twice) if twice else once * (once - 1) / 2
        return min((self.images - 1) / self.images * guess, float(len(self.silent)))

    @property
    def dead(self) -> float:
        """About which share of the channels no image would wake."""
        return (len(self.silent) - self.unseen) / len(self.counts)


@dataclass(frozen=True, kw_only=True, eq=False)
class Watched:
    """What channels and outputs did over some images."""

    differ: bool
    """Whether the images are not all the same."""
    layers: tuple[Waking, ...]
    """Those with weights, in graph order."""
    constant: Mapping[str, Array]
    """By output of floats that depends on the image: its value, where it was the same for all of them."""


class Watch:
    """Looks on while layers are computed of one image after another."""

    def __init__(self, model: OnnxModel) -> None:
        self._model = model
        self._layers = weighted_layers(model)
        self._ends = ends_of_channels(model, [layer.output for layer in self._layers])
        self._counts = {tensor: _Counts() for tensor in self._ends.values()}
        self._inputs = _Same()
        self._outputs = {
            one.name: _Same() for one in model.outputs if model.layer_giving(one.name) is not None
        }

    def images(self, values: Array) -> None:
        """Take images (N, …), as the model takes them."""
        self._inputs.add(values)

    def layer(self, tensor: str, values: Array) -> None:
        """Take what a layer gives for some of the images, (N, …)."""
        if tensor in self._counts:
            self._counts[tensor].add(_by_channels(self._model.layer(tensor), values))
        if tensor in self._outputs:
            self._outputs[tensor].add(values)

    def watched(self, images: int) -> Watched:
        """Return what was seen over that many images."""
        ends, counts = self._ends, self._counts
        return Watched(
            differ=not self._inputs.holds,
            layers=tuple(
                Waking(layer=layer, images=images, counts=found)
                for layer in self._layers
                if layer.output in ends and len(found := counts[ends[layer.output]].counts) == layer.channels
            ),
            constant={
                name: one.value for name, one in self._outputs.items() if one.holds and one.value is not None
            },
        )


class _Counts:
    """On how many images each channel of one tensor was not at rest."""

    def __init__(self) -> None:
        self.counts: Array = np.zeros(0, np.int64)
        self._rests: Array | None = None

    def add(self, maps: Array) -> None:
        """Take (images, channels, places); those with another number of channels than the first are passed over."""
        if self._rests is None:
            self._rests, self.counts = _at_rest(maps[0]), np.zeros(maps.shape[1], np.int64)
        if maps.shape[1] == len(self._rests):
            self.counts += np.count_nonzero(np.any(maps != self._rests[:, None], axis=2), axis=0)


class _Same:
    """Whether all of some arrays are the same, bit for bit; NaN is the same as NaN."""

    def __init__(self) -> None:
        self.value: Array | None = None
        self.holds = True

    def add(self, values: Array) -> None:
        """Take values (images, …)."""
        for one in values if self.holds else ():
            if self.value is None:
                self.value = one.copy()
            self.holds = self.holds and self.value.shape == one.shape and _is_same(self.value, one)


def _is_same(one: Array, other: Array) -> bool:
    return np.array_equal(one, other, equal_nan=one.dtype.kind == "f")


def _by_channels(layer: Layer, values: Array) -> Array:
    """Return (images, …) values as (images, channels, places)."""
    if values.ndim < 2:
        return values.reshape(len(values), 1, 1)
    axis = channel_axis(layer, values.ndim - 1) + 1
    return np.moveaxis(values, axis, 1).reshape(len(values), values.shape[axis], -1)


def _at_rest(maps: Array) -> Array:
    """Return what each channel of one image's (channels, places) gives at rest."""
    if not maps.shape[1]:
        return np.zeros(len(maps), maps.dtype)
    found: Array = np.where((maps == 0).any(axis=1), 0, maps[:, 0]).astype(maps.dtype)
    return found
