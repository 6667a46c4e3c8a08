"""Nodes that an export, a conversion or an optimizer gets wrong."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper

from tools.scorecard.bases import photographs, prepared
from tools.scorecard.corpus import UnfitError, fault
from tools.scorecard.editing import (
    attribute,
    behind,
    change,
    nodes_of,
    own,
    put,
    remove,
    replace,
    require_opset,
    set_attribute,
    weights_of,
)
from tools.scorecard.faults.numbers import there_and_back
from tools.scorecard.faults.weights import ANSWERS, names_of, nth, second_convolution
from tools.scorecard.quantizing import quantized


def first_pooling(proto: onnx.ModelProto) -> list[str]:
    """Name the first pooling."""
    return names_of(proto, nth(proto, 0, "MaxPool"))


def second_rectifier(proto: onnx.ModelProto) -> list[str]:
    """Name the second rectifier, and what it reads and what reads it: where it is gone, those differ first."""
    node = nth(proto, 1, "Relu")
    return [*node.input, *names_of(proto, node)]


@fault("layers-drift", *ANSWERS, subject=None, baseline=True, expected=True)
def a_rectifier_is_missing(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The second Relu is gone."""
    remove(proto, nth(proto, 1, "Relu"))
    return proto


@fault("layers-drift", subject=second_rectifier, baseline=True)
def what_stands_at_the_missing_rectifier(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The second Relu is gone: the layers that differ first are right there."""
    return a_rectifier_is_missing(proto)


@fault("layers-drift", subject=second_rectifier, baseline=True)
def a_rectifier_leaks(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The second Relu lets a third of what is negative through."""
    node = nth(proto, 1, "Relu")
    node.op_type = "LeakyRelu"
    set_attribute(node, "alpha", 0.3)
    return proto


@fault("batch-agrees")
def softmax_over_the_batch(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The softmax is over the batch's axis: every image's answer depends on the others."""
    if proto.graph.input[0].type.tensor_type.shape.dim[0].dim_value:
        raise UnfitError("Its batch is fixed.")
    set_attribute(nth(proto, -1, "Softmax"), "axis", 0)
    return proto


@fault(*ANSWERS, baseline=True, expected=True)
def answers_of_a_softmax_over_the_batch(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The softmax is over the batch's axis: the answers are others."""
    return softmax_over_the_batch(proto)


@fault(*ANSWERS, baseline=True, expected=True)
def answers_of_a_pooling_by_the_mean(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The first MaxPool is an AveragePool: the answers are others."""
    return a_pooling_takes_the_mean(proto)


@fault("layers-drift", subject=first_pooling, baseline=True)
def a_pooling_takes_the_mean(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The first MaxPool is an AveragePool."""
    node = nth(proto, 0, "MaxPool")
    for name in ("storage_order", "dilations"):
        set_attribute(node, name, None)
    node.op_type = "AveragePool"
    return proto


@fault("layers-drift", baseline=True, subject=lambda proto: names_of(proto, nth(proto, 0, "LRN")))
def a_normalization_is_missing(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The first LRN is gone."""
    remove(proto, nth(proto, 0, "LRN"))
    return proto


@fault("layers-drift", *ANSWERS, baseline=True, expected=True)
def padding_is_on_one_side(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The first padded convolution has all of its padding at the bottom and the right."""
    for node in nodes_of(proto, "Conv"):
        top, left, bottom, right = attribute(node, "pads") or (0, 0, 0, 0)
        if top and left:
            set_attribute(node, "pads", [0, 0, top + bottom, left + right])
            return proto
    raise UnfitError("No convolution is padded.")


@fault("layers-drift", subject=second_convolution, baseline=True)
def an_activation_is_clipped(proto: onnx.ModelProto) -> onnx.ModelProto:
    """What the second convolution gives is cut off far below what it reaches."""
    require_opset(proto, 11)
    put(proto, "clip.low", np.asarray(-0.05, np.float32))
    put(proto, "clip.high", np.asarray(0.05, np.float32))
    behind(proto, nth(proto, 1, "Conv"), "Clip", "clip.low", "clip.high")
    return proto


@fault("saturated")
def activations_stand_at_a_bound(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Most of what the second convolution gives stands at the bounds of a Clip."""
    return an_activation_is_clipped(proto)


@fault("saturated")
def a_quantizer_saturates(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The first quantizer behind the picture's has a hundredth of its scale: most codes are the highest one."""
    return _scaled(proto, 1, 0.01)


@fault("layers-drift", *ANSWERS, baseline=True, expected=True)
def a_quantizer_has_too_small_a_scale(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The second quantizer's scale is a quarter of what its range asks: large values are cut off."""
    return _scaled(proto, 1, 0.25)


@fault("layers-drift", *ANSWERS, baseline=True, expected=True)
def a_quantizer_has_too_large_a_scale(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The second quantizer's scale is 32 times what its range asks: it has a handful of codes."""
    return _scaled(proto, 1, 32)


@fault("layers-drift", *ANSWERS, baseline=True, expected=True)
def a_quantizer_has_a_wrong_zero_point(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The picture's DequantizeLinear takes another zero point than its QuantizeLinear."""
    node = nth(proto, 0, "QuantizeLinear")
    codes = node.output[0]
    reader = next(one for one in proto.graph.node if codes in one.input)
    name = own(proto, reader, 2)
    put(proto, name, np.asarray(weights_of(proto, name) ^ 0x40))
    return proto


@fault("layers-drift", *ANSWERS, baseline=True, expected=True)
def quantized_weights_have_a_wrong_scale(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The scales of the second convolution's codes are a third of what they were."""
    made = nth(proto, 1, "Conv").input[1]
    reader = next((one for one in proto.graph.node if made in one.output), None)
    if reader is None or reader.op_type != "DequantizeLinear":
        raise UnfitError("Its weights are no codes.")
    return change(proto, own(proto, reader, 1), lambda scales: scales / 3)


@fault("layers-drift", *ANSWERS, on="demo", baseline=True, expected=True)
def quantized_on_dark_pictures(proto: onnx.ModelProto) -> onnx.ModelProto:
    """It is quantized within the ranges that a fifth of the pictures' contrast has: what is larger is cut off."""
    return quantized(proto, prepared(proto, photographs()) / 5)


@fault("layers-drift", *ANSWERS, on="demo", baseline=True, expected=True)
def quantized_within_the_range_of_an_outlier(proto: onnx.ModelProto) -> onnx.ModelProto:
    """It is quantized within 40 times the range that pictures have: they get a handful of codes."""
    return quantized(proto, prepared(proto, photographs()) * 40)


@fault("fixed-batch", on=("demo", "small-cnn"))
def the_batch_is_fixed(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The input takes one image."""
    axis = proto.graph.input[0].type.tensor_type.shape.dim[0]
    if axis.dim_value:
        raise UnfitError("It was.")
    axis.dim_value = 1
    for node in proto.graph.node:
        if node.op_type == "Reshape":
            shape = weights_of(proto, node.input[1])
            put(proto, node.input[1], np.concatenate([[1], shape[1:]]))
    return proto


@fault("batch-works")
def a_reshape_holds_the_batch(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The input's first axis is free, and a Reshape takes one image."""
    if proto.graph.input[0].type.tensor_type.shape.dim[0].dim_value:
        raise UnfitError("Its first axis is not free.")
    flattens = any(one.op_type == "Flatten" for one in proto.graph.node)
    node = nth(proto, -1, "Flatten" if flattens else "Reshape")
    put(proto, "one.image", np.asarray([1, -1], np.int64))
    made = helper.make_node("Reshape", [node.input[0], "one.image"], list(node.output), name=node.name)
    replace(proto, node, [made])
    return proto


@fault("activations-finite")
def the_root_of_what_may_be_negative(proto: onnx.ModelProto) -> onnx.ModelProto:
    """A square root behind the second convolution meets negative values."""
    behind(proto, nth(proto, 1, "Conv"), "Sqrt")
    return proto


@fault("repeats-agree")
def dropout_still_trains(proto: onnx.ModelProto) -> onnx.ModelProto:
    """A Dropout before the last dense layer is in training mode."""
    node = nth(proto, -1, "Gemm")
    source = next((one for one in proto.graph.node if node.input[0] in one.output), None)
    if source is None:
        raise UnfitError("Its dense layer reads the image.")
    require_opset(proto, 12)
    put(proto, "dropout.ratio", np.asarray(0.5, np.float32))
    put(proto, "dropout.training", np.asarray(True))  # noqa: FBT003 — it is the tensor's value
    behind(proto, source, "Dropout", "dropout.ratio", "dropout.training")
    return proto


@fault("repeats-agree")
def noise_is_added(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Noise that training needed is still added behind the first convolution."""
    node = nth(proto, 0, "Conv")
    made = behind(proto, node, "Add", "noise")
    place = [one.output[0] for one in proto.graph.node].index(made)
    proto.graph.node.insert(
        place,
        helper.make_node(
            "RandomNormalLike", [node.output[0]], ["noise"], name="noise", dtype=TensorProto.FLOAT, scale=0.1
        ),
    )
    return proto


@fault("constant-outputs")
def the_answer_does_not_depend_on_the_picture(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The last dense layer's weights are 0: its biases are every picture's answer."""
    return change(proto, own(proto, nth(proto, -1, "Gemm"), 1), lambda array: array * 0)


@fault("float16-overflow")
def activations_are_too_large_for_float16(proto: onnx.ModelProto) -> onnx.ModelProto:
    """What the second convolution gives is a million times what it was for a moment."""
    if any(node.op_type == "QuantizeLinear" for node in proto.graph.node):
        raise UnfitError("It is quantized, and is not converted to float16.")
    return there_and_back(proto, 1e6)


def _scaled(proto: onnx.ModelProto, place: int, factor: float) -> onnx.ModelProto:
    return change(proto, nth(proto, place, "QuantizeLinear").input[1], lambda array: array * factor)
