"""What a target means on one image: a weighted sum of elements of a tensor."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from inspector.types.arrays import Array
from inspector.types.targets import ResolvedTarget, Span


@dataclass(frozen=True, kw_only=True, eq=False)
class Chosen:
    """S = Σ_i w_i·t_i over some elements i of a tensor t, chosen on one image and the same for all others."""

    resolved: ResolvedTarget
    places: Array
    """int64 (n,): flat indices into the tensor without its batch axis."""
    weights: Array
    """float32 (n,): ∂S/∂t_i."""
    shape: tuple[int, ...] = ()
    """Of the tensor on which the elements were chosen, without its batch axis."""

    def values(self, activation: Array) -> Array:
        """Return t_i, float32 (n,), of one image's tensor."""
        found: Array = activation.reshape(-1)[self.places].astype(np.float32)
        return found

    def scores(self, activations: Array) -> Array:
        """Return S, float64 (N,), for (N, …) tensors; NaN where they are too small to have the elements."""
        places = self.places_in(activations.shape[1:])
        return (
            np.full(len(activations), np.nan) if places is None else _sums(activations, places, self.weights)
        )

    def is_in(self, shape: tuple[int, ...]) -> bool:
        """Return whether a tensor of a shape (without the batch axis) has the elements."""
        return self.places_in(shape) is not None

    def places_in(self, shape: tuple[int, ...]) -> Array | None:
        """Return the flat indices in a tensor of another shape, such as with more boxes; None where it lacks one."""
        if shape == self.shape:
            return self.places
        index = np.unravel_index(self.places, self.shape) if self.shape else ()
        if len(shape) != len(self.shape) or any(
            axis.max(initial=-1) >= size for axis, size in zip(index, shape, strict=True)
        ):
            return None
        return flat_indices(index, shape)

    def on(self, activation: Array, *, image: int) -> Chosen:
        """Return the same on another image; its value is NaN where that has no such element."""
        places = self.places_in(activation.shape)
        here = self if places is None else replace(self, places=places, shape=activation.shape)
        value = float(here.scores(activation[None])[0])
        return replace(here, resolved=replace(self.resolved, value=value, image=image))


def _span(indices: Array) -> Span:
    """Return from the least to the largest of indices along an axis."""
    first = int(indices[0] if len(indices) == 1 else indices.min())
    return Span(first, (first if len(indices) == 1 else int(indices.max())) + 1)


def _sums(activations: Array, places: Array, weights: Array) -> Array:
    """Return Σ_i w_i·t_i over flat places, float64 (N,), for (N, …) tensors that have them."""
    found: Array = activations.reshape(len(activations), -1)[:, places].astype(np.float64)
    if len(places) == 1:  # as most are: not worth a matrix product
        return found[:, 0] * float(weights[0])
    return found @ weights.astype(np.float64)


def flat_indices(index: Iterable[Array | int], shape: tuple[int, ...]) -> Array:
    """Return the flat indices, (n,), of elements by their indices along each axis, which are broadcast together."""
    if not shape:
        return np.zeros(1, np.int64)
    found: Array = np.asarray(np.ravel_multi_index(tuple(index), shape)).reshape(-1)
    return found


def chosen(
    activation: Array,
    places: Array | int,
    weights: Array | None = None,
    *,
    kind: str,
    tensor: str,
    layer: str | None = None,
    output: str | None = None,
    channel: int | None = None,
    position: tuple[int, ...] = (),
    label: str | None = None,
    reduce: str | None = None,
    image: int,
) -> Chosen:
    """Return the sum of the tensor's elements at flat `places`, by default with weights of 1, or their "mean"."""
    flat = np.atleast_1d(np.asarray(places, np.int64))
    index = np.unravel_index(flat, activation.shape) if activation.ndim else ()
    if weights is None:
        weights = np.full(len(flat), 1 / len(flat) if reduce == "mean" else 1.0, np.float32)
    weights = weights.astype(np.float32, copy=False)
    resolved = ResolvedTarget(
        kind=kind,
        tensor=tensor,
        layer=layer,
        channel=channel,
        position=position,
        value=float(_sums(activation[None], flat, weights)[0]),
        label=label,
        image=image,
        output=output,
        spans=tuple(map(_span, index)),
        elements=len(flat),
        reduce=reduce,
    )
    return Chosen(resolved=resolved, places=flat, weights=weights, shape=activation.shape)
