"""What is known of a model to the wire."""

from __future__ import annotations

from fractions import Fraction

from inspector.face.model import Model
from inspector.model.spec import ImageInput
from inspector.service.convert.tensors import datatype
from inspector.types.layers import Dim, Layer, Output, Shape
from inspector.types.preprocessing import Preprocessing
from inspector.types.receptive_field import AxisField, ReceptiveField
from inspector.v1 import model_pb2


def details_to_wire(inspector: Model) -> model_pb2.ModelDetails:
    """Return all that is known of a loaded model but its layers."""
    model = inspector.model
    return model_pb2.ModelDetails(
        sha256=model.sha256,
        size=model.size,
        opset=model.opset,
        input=input_to_wire(model.input),
        outputs=[output_to_wire(output) for output in model.outputs],
        preprocessing=preprocessing_to_wire(model.preprocessing),
        labels=model.labels or (),
        layer_count=len(model.layers),
        device=inspector.device,
    )


def input_to_wire(image: ImageInput) -> model_pb2.ImageInput:
    """Return the message of an image input."""
    return model_pb2.ImageInput(
        name=image.name,
        datatype=datatype(image.dtype),
        shape=_shape(image.shape),
        layout=image.layout,
        batch=image.batch,
        channels=image.channels,
        height=image.height,
        width=image.width,
    )


def output_to_wire(output: Output) -> model_pb2.Output:
    """Return the message of an output."""
    return model_pb2.Output(name=output.name, dtype=output.dtype, shape=_shape(output.shape))


def layer_to_wire(layer: Layer) -> model_pb2.Layer:
    """Return the message of a layer."""
    field = layer.receptive_field
    return model_pb2.Layer(
        name=layer.name,
        op_type=layer.op_type,
        output=layer.output,
        dtype=layer.dtype,
        shape=_shape(layer.shape),
        channel_axis=layer.channel_axis,
        channels=layer.channels,
        receptive_field=None if field is None else receptive_field_to_wire(field),
    )


def receptive_field_to_wire(field: ReceptiveField) -> model_pb2.ReceptiveField:
    """Return the message of a receptive field."""
    return model_pb2.ReceptiveField(rows=_axis(field.rows), columns=_axis(field.columns))


def preprocessing_to_wire(spec: Preprocessing) -> model_pb2.Preprocessing:
    """Return the message of a preprocessing, every field set that has a value."""
    return model_pb2.Preprocessing(
        layout=spec.layout,
        color=spec.color,
        height=spec.height,
        width=spec.width,
        resize=spec.resize,
        resize_size=spec.resize_size,
        interpolation=spec.interpolation,
        letterbox_fill=spec.letterbox_fill,
        letterbox_align=spec.letterbox_align,
        scale=spec.scale,
        mean=spec.mean,
        std=spec.std,
        dtype=spec.dtype,
        source=spec.source,
        assumed=spec.assumed,
    )


def _shape(shape: Shape) -> list[model_pb2.Dimension]:
    return [_dimension(size) for size in shape]


def _dimension(size: Dim) -> model_pb2.Dimension:
    if isinstance(size, int):
        return model_pb2.Dimension(size=size)
    return model_pb2.Dimension(symbol=size)


def _axis(axis: AxisField) -> model_pb2.AxisField:
    windows = axis.windows or ()
    return model_pb2.AxisField(
        size=axis.size,
        stride=_fraction(axis.stride),
        offset=_fraction(axis.offset),
        extent=axis.extent,
        first=[first for first, _ in windows],
        last=[last for _, last in windows],
    )


def _fraction(number: Fraction) -> model_pb2.Fraction:
    return model_pb2.Fraction(numerator=number.numerator, denominator=number.denominator)
