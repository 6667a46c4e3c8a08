"""Numbers that are too small, too large, or that the runtime makes others of."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import helper

from tools.scorecard.corpus import UnfitError, fault, twin
from tools.scorecard.editing import behind, change, insert, own, put, weights_of
from tools.scorecard.faults.weights import WEIGHTED, last_dense, nth, second_convolution

FLOAT = ("demo", "demo-batchnorm", "small-cnn")
"""Bases that are not quantized."""


def scaled_weights(proto: onnx.ModelProto, node: onnx.NodeProto, factor: float) -> str:
    """Multiply a node's weights, and return their name."""
    name = own(proto, node, 1)
    change(proto, name, lambda array: array * factor)
    return name


def times(proto: onnx.ModelProto, node: onnx.NodeProto, factor: float) -> onnx.NodeProto:
    """Put a multiplication behind a node, and return it."""
    name = f"{node.output[0]}.factor"
    put(proto, name, np.asarray(factor, np.float32))
    made = behind(proto, node, "Mul", name)
    return next(one for one in proto.graph.node if made in one.output)


def there_and_back(proto: onnx.ModelProto, factor: float) -> onnx.ModelProto:
    """Multiply what the second convolution gives, and divide it again."""
    times(proto, times(proto, nth(proto, 1, "Conv"), factor), 1 / factor)
    return proto


def scaled_convolution(proto: onnx.ModelProto, factor: float) -> onnx.NodeProto:
    """Multiply the weights and biases of the second convolution, and return it."""
    node = nth(proto, 1, "Conv")
    scaled_weights(proto, node, factor)
    if len(node.input) > 2:
        change(proto, own(proto, node, 2), lambda array: array * factor)
    return node


def with_scaled_convolution(proto: onnx.ModelProto, factor: float) -> onnx.ModelProto:
    """Multiply the weights and biases of the second convolution, and undo it behind it."""
    times(proto, scaled_convolution(proto, factor), 1 / factor)
    return proto


@fault("weights-denormal", subject=second_convolution)
def a_filter_in_four_faded(proto: onnx.ModelProto) -> onnx.ModelProto:
    """A quarter of the second convolution's filters has weights of about 1e-40."""

    def fade(array: np.ndarray) -> np.ndarray:
        array[::4] = array[::4] * 1e-39
        return array

    return change(proto, own(proto, nth(proto, 1, "Conv"), 1), fade)


@fault("weights-denormal", subject=last_dense)
def dense_weights_faded(proto: onnx.ModelProto) -> onnx.ModelProto:
    """One weight in ten of the last dense layer is about 1e-41."""

    def fade(array: np.ndarray) -> np.ndarray:
        array.reshape(-1)[::10] = 1e-41
        return array

    return change(proto, own(proto, nth(proto, -1, "Gemm", "MatMul"), 1), fade)


@fault("activations-denormal")
def activations_are_denormal(proto: onnx.ModelProto) -> onnx.ModelProto:
    """What the second convolution gives is multiplied by 1e-39, and by 1e38 and 10 behind that."""
    small = times(proto, nth(proto, 1, "Conv"), 1e-39)
    times(proto, times(proto, small, 1e38), 10)
    return proto


@fault("activations-denormal", on=FLOAT)
def small_weights_make_denormals(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The second convolution's weights are 1e-20 of theirs, and what it gives meets a factor of 1e-20."""
    node = scaled_convolution(proto, 1e-20)
    times(proto, times(proto, times(proto, node, 1e-20), 1e20), 1e20)
    return proto


@fault("float16-overflow", subject=second_convolution, on=FLOAT)
def weights_are_beyond_float16(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The second convolution's weights are 1e8 times theirs, and what it gives is divided by that."""
    return with_scaled_convolution(proto, 1e8)


@fault("float16-overflow", on=FLOAT)
def activations_are_beyond_float16(proto: onnx.ModelProto) -> onnx.ModelProto:
    """What the second convolution gives is multiplied by 1e7, and divided by that: no answer changes in float32."""
    return there_and_back(proto, 1e7)


@fault("float16-underflow", subject=second_convolution, on=FLOAT)
def weights_are_below_float16(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The second convolution's weights are 1e-10 of theirs, and what it gives is divided by that."""
    return with_scaled_convolution(proto, 1e-10)


@fault("float16-underflow", on=FLOAT)
def an_epsilon_is_below_float16(proto: onnx.ModelProto) -> onnx.ModelProto:
    """What the second convolution gives is divided by √(mean of its squares + 1e-12)."""
    node = nth(proto, 1, "Conv")
    tensor = node.output[0]
    made = behind(proto, node, "Div", "norm")
    put(proto, "epsilon", np.asarray(1e-12, np.float32))
    before = next(one for one in proto.graph.node if made in one.output)
    nodes = [
        helper.make_node("Mul", [tensor, tensor], ["norm.squares"], name="norm.squares"),
        helper.make_node("GlobalAveragePool", ["norm.squares"], ["norm.mean"], name="norm.mean"),
        helper.make_node("Add", ["norm.mean", "epsilon"], ["norm.guarded"], name="norm.guarded"),
        helper.make_node("Sqrt", ["norm.guarded"], ["norm"], name="norm"),
    ]
    insert(proto, nodes, before=before)
    return proto


@fault("float16-gradients", on=FLOAT)
def scores_hardly_react(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The last layer's weights are 1e-9 of theirs: its scores are its biases."""
    scaled_weights(proto, nth(proto, -1, *WEIGHTED), 1e-9)
    return proto


@fault("float16-gradients", on=FLOAT)
def an_early_factor_is_tiny(proto: onnx.ModelProto) -> onnx.ModelProto:
    """What the first convolution gives is multiplied by 1e-10."""
    times(proto, nth(proto, 0, "Conv"), 1e-10)
    return proto


def folded(proto: onnx.ModelProto, place: int, large: float) -> onnx.ModelProto:
    """Let a normalization follow a convolution, such that its scale times the weights is about a square."""
    node = nth(proto, place, "Conv")
    name = own(proto, node, 1)
    count = weights_of(proto, name).shape[0]
    put(proto, "fold.small", np.asarray(1 / large, np.float32))
    insert(
        proto,
        [helper.make_node("Mul", [node.input[0], "fold.small"], ["fold.scaled"], name="fold.scaled")],
        before=node,
    )
    node.input[0] = "fold.scaled"
    change(proto, name, lambda array: array * large)
    values = {"scale": large, "bias": 0, "mean": 0, "variance": 1}
    for key, value in values.items():
        put(proto, f"fold.{key}", np.full(count, value, np.float32))
    made = behind(proto, node, "BatchNormalization", *(f"fold.{key}" for key in values))
    times(proto, next(one for one in proto.graph.node if made in one.output), 1 / large)
    return proto


@fault("levels-agree", on=FLOAT)
def a_folded_normalization_overflows(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The second convolution's weights times the scale of the normalization behind it are beyond float32."""
    return folded(proto, 1, 1e25)


@fault("levels-agree", on=FLOAT)
def a_normalization_folded_into_the_first_layer_overflows(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The same of the first convolution."""
    return folded(proto, 0, 1e22)


def busy(proto: onnx.ModelProto, place: int, count: int) -> onnx.ModelProto:
    """Let convolutions follow one, whose result is added times 0."""
    node = nth(proto, place, "Conv")
    channels = weights_of(proto, node.input[1]).shape[0]
    random = np.random.default_rng(0)
    put(proto, "busy.weights", (random.standard_normal((channels, channels, 3, 3)) * 0.05).astype(np.float32))
    put(proto, "busy.nothing", np.asarray(0, np.float32))
    made = behind(proto, node, "Add", "busy.none")
    after = next(one for one in proto.graph.node if made in one.output)
    nodes, last = [], node.output[0]
    for index in range(count):
        name = f"busy.conv{index}"
        nodes.append(helper.make_node("Conv", [last, "busy.weights"], [name], name=name, pads=[1, 1, 1, 1]))
        last = name
    nodes.append(helper.make_node("GlobalAveragePool", [last], ["busy.mean"], name="busy.mean"))
    nodes.append(helper.make_node("Mul", ["busy.mean", "busy.nothing"], ["busy.none"], name="busy.none"))
    insert(proto, nodes, before=after)
    return proto


@fault("latency", on=FLOAT, baseline=True, options={"latency.most": 1.5})
def wide_layers_compute_nothing(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Twelve convolutions behind the first, whose result is not used."""
    return busy(proto, 0, 12)


@fault("latency", on=FLOAT, baseline=True, options={"latency.most": 1.5})
def later_layers_compute_nothing(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Forty convolutions behind the second, whose result is not used."""
    return busy(proto, 1, 40)


@fault("batch-agrees")
def activations_are_normalized_over_the_batch(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The mean over the batch is taken from what the second convolution gives, as normalization does in training."""
    if proto.graph.input[0].type.tensor_type.shape.dim[0].dim_value:
        raise UnfitError("Its batch is fixed.")
    node = nth(proto, 1, "Conv")
    tensor = node.output[0]
    made = behind(proto, node, "Sub", "batch.mean")
    before = next(one for one in proto.graph.node if made in one.output)
    opset = next(one.version for one in proto.opset_import if not one.domain)
    if opset < 18:
        mean = helper.make_node(
            "ReduceMean", [tensor], ["batch.mean"], name="batch.mean", axes=[0], keepdims=1
        )
    else:
        put(proto, "batch.axes", np.asarray([0], np.int64))
        mean = helper.make_node(
            "ReduceMean", [tensor, "batch.axes"], ["batch.mean"], name="batch.mean", keepdims=1
        )
    insert(proto, [mean], before=before)
    return proto


@twin("A Min with infinity, which changes nothing.", tells="redundant-nodes")
def a_bound_of_infinity(proto: onnx.ModelProto) -> onnx.ModelProto:
    """What the second convolution gives is bounded by infinity."""
    put(proto, "no.bound", np.asarray(np.inf, np.float32))
    behind(proto, nth(proto, 1, "Conv"), "Min", "no.bound")
    return proto


@twin("A Clip far beyond what its layer reaches.", tells="redundant-nodes")
def a_bound_that_nothing_reaches(proto: onnx.ModelProto) -> onnx.ModelProto:
    """What the second convolution gives is cut off at 60,000."""
    put(proto, "far.low", np.asarray(-60000, np.float32))
    put(proto, "far.high", np.asarray(60000, np.float32))
    behind(proto, nth(proto, 1, "Conv"), "Clip", "far.low", "far.high")
    return proto
