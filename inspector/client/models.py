"""What a server tells of its models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from google.protobuf.message import Message

from inspector.types.layers import Dim, Layer, Output, Shape
from inspector.types.receptive_field import AxisField, ReceptiveField
from inspector.v1 import model_pb2


@dataclass(frozen=True, kw_only=True)
class ImageInput:
    """A model's image input."""

    name: str
    dtype: str
    """In the names of the Open Inference Protocol, e.g. "FP32"."""
    shape: Shape
    layout: str
    """"NCHW", "NHWC", or "NC" for a flat vector."""
    batch: int | None
    channels: int | None
    height: int | None
    width: int | None


@dataclass(frozen=True, kw_only=True)
class Preprocessing:
    """How an encoded image becomes the input: value = (x · scale − mean) / std, with x in 0..255."""

    layout: str
    color: str
    height: int | None
    width: int | None
    resize: str
    resize_size: int | None
    interpolation: str
    letterbox_fill: int
    letterbox_align: str
    scale: float
    mean: tuple[float, ...]
    std: tuple[float, ...]
    dtype: str
    source: str
    """Where each part came from, for people."""
    assumed: tuple[str, ...]
    """What nothing said and was assumed."""


@dataclass(frozen=True, kw_only=True)
class ModelDetails:
    """What is known of a loaded model."""

    sha256: str
    size: int
    opset: int
    input: ImageInput
    outputs: tuple[Output, ...]
    preprocessing: Preprocessing
    labels: tuple[str, ...] | None
    layer_count: int
    device: str


@dataclass(frozen=True, kw_only=True)
class ModelInfo:
    """One model of a server."""

    name: str
    """Its id, without "models/"."""
    state: str
    """"unloaded", "loading", "ready", "unloading" or "failed"."""
    failure: str
    """Why the last load failed, or nothing."""
    details: ModelDetails | None
    """None unless it is ready."""


def model_from_wire(message: model_pb2.Model) -> ModelInfo:
    """Return what a server tells of a model."""
    return ModelInfo(
        name=message.name.partition("/")[2],
        state=model_pb2.ModelState.Name(message.state).removeprefix("MODEL_STATE_").lower(),
        failure=message.failure,
        details=_details(message.details) if message.HasField("details") else None,
    )


def layer_from_wire(message: model_pb2.Layer) -> Layer:
    """Return a layer."""
    return Layer(
        name=message.name,
        op_type=message.op_type,
        output=message.output,
        dtype=message.dtype,
        shape=_shape(message.shape),
        channel_axis=_optional(message, "channel_axis"),
        channels=_optional(message, "channels"),
        receptive_field=_receptive_field(message.receptive_field)
        if message.HasField("receptive_field")
        else None,
    )


def _details(message: model_pb2.ModelDetails) -> ModelDetails:
    return ModelDetails(
        sha256=message.sha256,
        size=message.size,
        opset=message.opset,
        input=_input(message.input),
        outputs=tuple(
            Output(name=one.name, dtype=one.dtype, shape=_shape(one.shape)) for one in message.outputs
        ),
        preprocessing=_preprocessing(message.preprocessing),
        labels=tuple(message.labels) or None,
        layer_count=message.layer_count,
        device=message.device,
    )


def _input(message: model_pb2.ImageInput) -> ImageInput:
    return ImageInput(
        name=message.name,
        dtype=message.datatype,
        shape=_shape(message.shape),
        layout=message.layout,
        batch=_optional(message, "batch"),
        channels=_optional(message, "channels"),
        height=_optional(message, "height"),
        width=_optional(message, "width"),
    )


def _preprocessing(message: model_pb2.Preprocessing) -> Preprocessing:
    return Preprocessing(
        layout=message.layout,
        color=message.color,
        height=_optional(message, "height"),
        width=_optional(message, "width"),
        resize=message.resize,
        resize_size=_optional(message, "resize_size"),
        interpolation=message.interpolation,
        letterbox_fill=message.letterbox_fill,
        letterbox_align=message.letterbox_align,
        scale=message.scale,
        mean=tuple(message.mean),
        std=tuple(message.std),
        dtype=message.dtype,
        source=message.source,
        assumed=tuple(message.assumed),
    )


def _receptive_field(message: model_pb2.ReceptiveField) -> ReceptiveField:
    return ReceptiveField(rows=_axis(message.rows), columns=_axis(message.columns))


def _axis(message: model_pb2.AxisField) -> AxisField:
    return AxisField(
        size=message.size,
        stride=Fraction(message.stride.numerator, message.stride.denominator),
        offset=Fraction(message.offset.numerator, message.offset.denominator),
        extent=_optional(message, "extent"),
        windows=tuple(zip(message.first, message.last, strict=True)) or None,
    )


def _shape(dimensions: Sequence[model_pb2.Dimension]) -> Shape:
    return tuple(_dimension(dimension) for dimension in dimensions)


def _dimension(message: model_pb2.Dimension) -> Dim:
    kind = message.WhichOneof("dimension")
    return None if kind is None else getattr(message, kind)


def _optional(message: Message, name: str) -> int | None:
    return getattr(message, name) if message.HasField(name) else None
