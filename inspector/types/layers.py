"""What is known of a model's layers and outputs: plain data, the same in-process and from a service."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from inspector.types.dtypes import Dtype
from inspector.types.receptive_field import ReceptiveField

Dim = int | str | None
"""One dimension: a number, a symbol such as "batch", or None where nothing is known."""

Shape = tuple[Dim, ...]


def shape_text(shape: Sequence[object]) -> str:
    """Return a shape as people read it, such as "1×3×224×?"; what is not known is a question mark."""
    return "×".join("?" if size is None else str(size) for size in shape)


@dataclass(frozen=True, kw_only=True)
class Output:
    """One output of a model."""

    name: str
    dtype: Dtype
    shape: Shape
    meaning: str = "unknown"
    """What its numbers are: "classes", "labels", "score", "class_map", "class_numbers", "boxes", "points", "values",
    "embedding", "picture", or "unknown"."""
    part: str | None = None
    """Of boxes, which of their numbers: "all", "classes", "coordinates", "objectness", "points", "numbers", "count"."""
    classes: int | None = None
    """How many classes it has, where it has some, and where that is known."""


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One node of the graph whose first output depends on the image, and is a float tensor or codes of real values."""

    name: str
    """Unique: the node's name where it has a unique one, else its output's."""
    op_type: str
    output: str
    """The name of the tensor that this layer computes."""
    dtype: Dtype
    """Of its values as they are given: those of codes are dequantized."""
    shape: Shape
    """For one image: the batch dimension, where there is one, is 1."""
    channel_axis: int | None
    """Which axis of `shape` holds channels (or units of a dense layer); None where unknown."""
    channels: int | None
    receptive_field: ReceptiveField | None
    """None where it cannot be computed; for a dense or global layer it covers the whole image."""
    spatial_axes: tuple[int, ...] = ()
    """For each of the image's axes of space (rows and columns, in this order), the axis of `shape` that runs along it;
    −1 where none does, or it is unknown. (2, 3) is usual; (3, 2) where the graph swapped rows and columns."""


@dataclass(frozen=True, kw_only=True)
class FoundRectifier:
    """An operator, or several that compute one function."""

    name: str
    """The function, by its ONNX operator where it has one: "Relu", "Swish"."""
    layer: str
    """The layer that gives its output."""
    layers: tuple[str, ...]
    """All layers that are part of it, in graph order."""
