"""What is known of a model: plain data, the same in process and from a service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from inspector.errors import InvalidInputError, in_brief, unknown_name
from inspector.types.dtypes import Dtype
from inspector.types.layers import Dim, FoundRectifier, Layer, Output, Shape, shape_text
from inspector.types.layouts import spatial_sizes
from inspector.types.preprocessing import Preprocessing
from inspector.types.results.base import Cell, Result, kind


@dataclass(frozen=True, kw_only=True)
class ImageInput:
    """A model's image input."""

    name: str
    dtype: Dtype
    shape: Shape
    """As declared, e.g. ("batch", 3, 224, 224)."""
    layout: str
    """Which axis of `shape` is which: "NCHW", "NHWC"; "NCL" and "NLC" of signals, "NCDHW" and "NDHWC" of volumes;
    without N where the input has no batch axis, without C where it has no axis of channels; "NC" is no image but a
    flat vector, or features. Who reads the input decides: the first convolution, pooling or normalization."""
    batch: int | None
    """The fixed batch size, or None where any is allowed; 1 where the input has no batch axis. Requests take any number
    of images all the same."""
    channels: int | None
    """As declared, or where that is free as the first convolution's weights say; 1 without an axis of channels."""
    height: int | None
    width: int | None

    @property
    def batch_axis(self) -> int | None:
        """0, or None where the input takes one image without a batch axis."""
        return 0 if self.layout.startswith("N") else None

    @cached_property
    def image_shape(self) -> Shape:
        """The shape of one image, without the batch axis."""
        return self.shape if self.batch_axis is None else self.shape[1:]

    @cached_property
    def is_sized(self) -> bool:
        """Whether it takes images of one shape only."""
        return all(isinstance(size, int) for size in self.image_shape)

    @property
    def space(self) -> tuple[Dim, ...]:
        """The sizes of the axes of space: (height, width) of an image, (length,) of a signal, () of no image."""
        return spatial_sizes(self.shape, self.layout)


FIRST_LABELS = 5
"""How many are shown."""


@kind("model_info")
@dataclass(frozen=True, kw_only=True)
class ModelInfo(Result):
    """What is known of a loaded model, its layers aside."""

    name: str
    sha256: str
    size: int
    """Bytes of the file or files, weights included."""
    opset: int
    """The version of the standard operator set that the graph is written in."""
    input: ImageInput
    outputs: tuple[Output, ...]
    preprocessing: Preprocessing
    labels: tuple[str, ...] | None
    """The name of each class, where known."""
    layer_count: int
    device: str
    """Where it runs: "cpu" or "cuda:N"."""
    optimization: str = ""
    """How far ONNX Runtime may rewrite the graph for its answers: "all" or "basic"; empty of a quantized model that has
    not answered yet, since the first answer is when that is found out."""
    metadata: Mapping[str, str] = field(default_factory=dict, hash=False)
    """What the file says of itself: its metadata by their keys, and `producer`, `domain`, `version`, `description` and
    `graph` where it says those. At most 64 entries, values of at most 2,000 characters."""

    def table(self) -> tuple[tuple[str, ...], list[tuple[Cell, ...]]]:
        """Return a row per fact."""
        one, spec = self.input, self.preprocessing
        batch = "any batch" if one.batch is None else f"batch {one.batch}"
        rows: list[tuple[Cell, ...]] = [
            ("name", self.name),
            ("input", f"{one.name}: {one.dtype} {shape_text(one.shape)} {one.layout}, {batch}"),
            *(("output", _output(output)) for output in self.outputs),
            ("preprocessing", str(spec)),
            *(("  from", part) for part in spec.source.split("; ")),
            ("  assumed", ", ".join(spec.assumed) or "nothing"),
            ("labels", _labels(self.labels)),
            ("layers", self.layer_count),
            ("opset", self.opset),
            ("device", self.device),
            ("optimization", self.optimization or "found with the first answer"),
            ("bytes", self.size),
            ("sha256", self.sha256),
        ]
        return ("fact", "value"), rows


@kind("layers")
@dataclass(frozen=True, kw_only=True)
class Layers(Result):
    """The layers that can be looked at, in graph order."""

    layers: tuple[Layer, ...]

    def table(self) -> tuple[tuple[str, ...], list[tuple[Cell, ...]]]:
        """Return a row per layer."""
        columns = ("layer", "operator", "shape", "channels", "field", "stride")
        return columns, [_layer_row(layer) for layer in self.layers]

    def summary(self) -> list[str]:
        """Return how many there are."""
        return [f"{len(self.layers)} layers"]


@kind("rectifiers")
@dataclass(frozen=True, kw_only=True)
class Rectifiers(Result):
    """What deconvnet and guided backpropagation take for rectifiers, in graph order."""

    rectifiers: tuple[FoundRectifier, ...]

    def table(self) -> tuple[tuple[str, ...], list[tuple[Cell, ...]]]:
        """Return a row per rectifier."""
        rows: list[tuple[Cell, ...]] = [
            (one.layer, one.name, ", ".join(one.layers)) for one in self.rectifiers
        ]
        return ("layer", "function", "parts"), rows

    def summary(self) -> list[str]:
        """Return how many there are."""
        return [f"{len(self.rectifiers)} rectifiers"]


def find_layer(layers: tuple[Layer, ...], name: str) -> Layer:
    """Return the layer of that name (or whose output tensor has it); NotFoundError names the nearest ones."""
    by_output = {layer.output: layer for layer in layers}
    by_name = {layer.name: layer for layer in layers}
    if not isinstance(name, str):
        raise InvalidInputError(
            f"layer is {in_brief(name, long='a {}')}; give a layer's name.", field="layer"
        )
    found = by_name.get(name) or by_output.get(name)
    if found is None:
        raise unknown_name("layer", name, by_name)
    return found


def _layer_row(layer: Layer) -> tuple[Cell, ...]:
    field = layer.receptive_field
    size = None if field is None else "whole image" if field.covers_all else "×".join(map(str, field.size))
    stride = None if field is None or field.covers_all else "×".join(f"{step:g}" for step in field.stride)
    return layer.name, layer.op_type, shape_text(layer.shape), layer.channels, size, stride


def _output(output: Output) -> str:
    counted = None if output.classes is None else f"{output.classes} classes"
    more = ", ".join(text for text in (output.part, counted) if text)
    what = f"{output.meaning} ({more})" if more else output.meaning
    return f"{output.name}: {output.dtype} {shape_text(output.shape)}, {what}"


def _labels(labels: tuple[str, ...] | None) -> str:
    if not labels:
        return "none"
    return f"{len(labels)}: {', '.join(labels[:FIRST_LABELS])}" + (
        ", …" if len(labels) > FIRST_LABELS else ""
    )
