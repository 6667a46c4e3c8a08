"""Parts of a network that do nothing, or the same."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper

from tests.support.graphs import model, node
from tools.scorecard.bases import many_pictures
from tools.scorecard.corpus import UnfitError, fault, twin
from tools.scorecard.editing import (
    attribute,
    behind,
    change,
    insert,
    nodes_of,
    own,
    put,
    redirect,
    weights_of,
)
from tools.scorecard.faults.weights import first_convolution, nth, second_convolution

SIDE = 64


def strided() -> onnx.ModelProto:
    """Return a good model whose first layer has a stride: smooth filters, rectified, averaged, weighed."""
    random = np.random.default_rng(4)
    filters = random.standard_normal((16, 3, 5, 5))
    for axis in (2, 3):
        filters = filters + np.roll(filters, 1, axis)
    nodes = [
        node("Conv", ["x", "w"], "conv", strides=[2, 2], pads=[2, 2, 2, 2]),
        node("Relu", ["conv"], "relu"),
        node("GlobalAveragePool", ["relu"], "pool"),
        node("Flatten", ["pool"], "flat"),
        node("Gemm", ["flat", "d"], "scores"),
    ]
    values: dict[str, np.ndarray | np.generic] = {
        "w": filters.astype(np.float32),
        "d": random.standard_normal((16, 6)).astype(np.float32),
    }
    return model(nodes, shape=("batch", 3, SIDE, SIDE), weights=values)


@fault("dead-channels", subject=second_convolution, images=many_pictures)
def most_channels_died_in_training(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Three of four filters of the second convolution are 0, and their biases below 0."""
    conv = nth(proto, 1, "Conv")
    change(proto, own(proto, conv, 1), lambda array: np.where(_places(array) % 4, 0 * array, array))
    return change(proto, own(proto, conv, 2), lambda array: np.where(_places(array) % 4, -1, array))


@fault("zero-filters", subject=second_convolution)
def half_of_the_filters_are_zero(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Every second filter of the second convolution is 0: it was pruned, and left in the file."""
    return change(
        proto,
        own(proto, nth(proto, 1, "Conv"), 1),
        lambda array: np.where(_places(array) % 2, 0 * array, array),
    )


@fault("zero-filters", subject=first_convolution)
def a_layer_s_weights_are_lost(proto: onnx.ModelProto) -> onnx.ModelProto:
    """All filters of the first convolution are 0."""
    return change(proto, own(proto, nth(proto, 0, "Conv"), 1), np.zeros_like)


@fault("duplicate-filters", subject=second_convolution)
def a_layer_has_one_filter_everywhere(proto: onnx.ModelProto) -> onnx.ModelProto:
    """All filters of the second convolution are the first, in other sizes: it was never trained."""
    conv = nth(proto, 1, "Conv")
    if attribute(conv, "group", 1) != 1:
        raise UnfitError("Its second convolution has groups.")

    def same(array: np.ndarray) -> np.ndarray:
        return array[:1] * np.linspace(0.5, 1.5, len(array)).reshape(-1, *[1] * (array.ndim - 1))

    return change(proto, own(proto, conv, 1), same)


@fault("dominant-filters", subject=first_convolution)
def a_normalization_s_scale_is_lost(proto: onnx.ModelProto) -> onnx.ModelProto:
    """A normalization behind the first convolution has 1000 for one of its scales."""
    normal = nth(proto, 0, "BatchNormalization")
    if normal.input[0] not in nth(proto, 0, "Conv").output:
        raise UnfitError("It is behind no convolution.")
    return change(proto, own(proto, normal, 1), lambda array: np.where(_places(array) == 1, 1000, array))


@fault("aliased-first-layer", on=strided, subject=lambda _: ["conv"])
def a_first_layer_of_checkerboards(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Every weight's sign is turned around as on a checkerboard: only the highest frequencies pass."""
    return change(proto, "w", lambda array: array * np.where(np.indices(array.shape[2:]).sum(0) % 2, -1, 1))


@fault("aliased-first-layer", on=strided, subject=lambda _: ["conv"])
def a_first_layer_that_skips_pixels(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The stride is larger than the filters."""
    conv = nth(proto, 0, "Conv")
    for one in conv.attribute:
        if one.name == "strides":
            one.ints[:] = [8, 8]
    return proto


@fault("constant-outputs")
def the_picture_is_lost_at_the_start(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The picture is multiplied by 0."""
    name = proto.graph.input[0].name
    put(proto, "nothing", np.zeros((), np.float32))
    for reader in proto.graph.node:
        for index, one in enumerate(reader.input):
            if one == name:
                reader.input[index] = "muted"
    proto.graph.node.insert(0, helper.make_node("Mul", [name, "nothing"], ["muted"], name="muted"))
    return proto


@fault("unused-initializers")
def weights_that_no_node_reads(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Weights of a layer that is not there are in the file."""
    put(proto, "lost.weight", np.random.default_rng(2).standard_normal((8, 8, 3, 3)).astype(np.float32))
    return proto


@fault("unused-initializers", subject=lambda proto: list(nth(proto, 1, "Conv").input[2:]))
def a_bias_that_its_layer_lost(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The second convolution does not read its biases, which are in the file."""
    conv = nth(proto, 1, "Conv")
    own(proto, conv, 2)
    del conv.input[2]
    return proto


@fault("unused-nodes", subject=lambda _: ["head"])
def a_head_without_an_output(proto: onnx.ModelProto) -> onnx.ModelProto:
    """A second head is computed, and is no output."""
    conv = nth(proto, 1, "Conv")
    pool = helper.make_node("GlobalAveragePool", [conv.output[0]], ["head_pool"], name="head_pool")
    head = helper.make_node("Sigmoid", ["head_pool"], ["head"], name="head")
    proto.graph.node.extend([pool, head])
    return proto


@fault("unreached-layers", subject=lambda _: ["frozen"])
def a_branch_traced_with_a_constant(proto: onnx.ModelProto) -> onnx.ModelProto:
    """A branch computes maps of a stored picture, and adds them."""
    conv = nth(proto, 0, "Conv")
    sizes = [one.dim_value for one in proto.graph.input[0].type.tensor_type.shape.dim]
    if conv.input[0] != proto.graph.input[0].name or not all(sizes[1:]):
        raise UnfitError("Its first convolution does not read the picture, or the picture's size is free.")
    picture = np.random.default_rng(3).standard_normal((1, *sizes[1:]))
    put(proto, "traced", picture.astype(np.float32))
    frozen = onnx.NodeProto()
    frozen.CopyFrom(conv)
    frozen.input[0], frozen.output[0], frozen.name = "traced", "frozen", "frozen"
    redirect(proto, conv.output[0], "joined")
    joined = helper.make_node("Add", [conv.output[0], "frozen"], ["joined"], name="joined")
    place = [one.output[0] for one in proto.graph.node].index(conv.output[0])
    proto.graph.node.insert(place, frozen)
    proto.graph.node.insert(place + 2, joined)
    return proto


@fault("unreached-layers", subject=lambda _: ["constant_scores"])
def an_output_of_constants(proto: onnx.ModelProto) -> onnx.ModelProto:
    """An output is computed of weights alone."""
    dense = nth(proto, -1, "Gemm")
    weights = own(proto, dense, 1)
    proto.graph.node.append(
        helper.make_node(
            "ReduceMax", [weights], ["constant_scores"], name="constant_scores", axes=[0], keepdims=1
        )
    )
    proto.graph.output.append(
        helper.make_tensor_value_info(
            "constant_scores", TensorProto.FLOAT, [1, weights_of(proto, weights).shape[1]]
        )
    )
    return proto


@fault("foldable-nodes", subject=lambda _: ["normalized"])
def weights_are_normalized_in_the_graph(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The second convolution's weights are divided by a number before every run."""
    conv = nth(proto, 1, "Conv")
    weights = own(proto, conv, 1)
    change(proto, weights, lambda array: array * 2)
    put(proto, "norm", np.asarray(2, np.float32))
    insert(
        proto, [helper.make_node("Div", [weights, "norm"], ["normalized"], name="normalized")], before=conv
    )
    conv.input[1] = "normalized"
    return proto


@fault("foldable-normalization", on=("demo", "small-cnn"))
def normalizations_are_not_folded(proto: onnx.ModelProto) -> onnx.ModelProto:
    """A BatchNormalization is behind the second convolution."""
    conv = nth(proto, 1, "Conv")
    count = len(weights_of(proto, own(proto, conv, 1)))
    put(proto, "scale", np.full(count, 1.5, np.float32))
    put(proto, "shift", np.zeros(count, np.float32))
    put(proto, "variance", np.ones(count, np.float32))
    behind(proto, conv, "BatchNormalization", "scale", "shift", "shift", "variance")
    return proto


@fault("redundant-nodes")
def an_identity_is_left(proto: onnx.ModelProto) -> onnx.ModelProto:
    """An Identity is behind the second convolution."""
    behind(proto, nth(proto, 1, "Conv"), "Identity")
    return proto


@fault("redundant-nodes")
def a_relu_is_rectified_again(proto: onnx.ModelProto) -> onnx.ModelProto:
    """A second Relu is behind the first."""
    behind(proto, nth(proto, 0, "Relu"), "Relu")
    return proto


@fault("redundant-nodes", subject=lambda _: ["back"])
def axes_are_moved_there_and_back(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Two Transposes cancel behind the second convolution."""
    conv = nth(proto, 1, "Conv")
    tensor = conv.output[0]
    redirect(proto, tensor, "back")
    there = helper.make_node("Transpose", [tensor], ["there"], name="there", perm=[0, 2, 3, 1])
    back = helper.make_node("Transpose", ["there"], ["back"], name="back", perm=[0, 3, 1, 2])
    place = [one.output[0] for one in proto.graph.node].index(tensor)
    proto.graph.node.insert(place + 1, there)
    proto.graph.node.insert(place + 2, back)
    return proto


@fault("redundant-nodes", subject=lambda _: ["again"])
def a_layer_is_computed_twice(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The second convolution is there twice, and the two are averaged."""
    conv = nth(proto, 1, "Conv")
    again = onnx.NodeProto()
    again.CopyFrom(conv)
    again.output[0], again.name = "again", "again"
    redirect(proto, conv.output[0], "averaged")
    place = [one.output[0] for one in proto.graph.node].index(conv.output[0])
    proto.graph.node.insert(place + 1, again)
    mean = helper.make_node("Mean", [conv.output[0], "again"], ["averaged"], name="averaged")
    proto.graph.node.insert(place + 2, mean)
    return proto


@fault("squashed-twice")
def softmax_of_a_softmax(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The model ends with a softmax already, and the export adds another."""
    last = nth(proto, -1, "Softmax")
    if last.output[0] != proto.graph.output[0].name:
        raise UnfitError("Its softmax is not its end.")
    wanted = last.output[0]
    last.output[0] = "once"
    proto.graph.node.append(helper.make_node("Softmax", ["once"], [wanted], name="twice"))
    return proto


@fault("squashed-twice")
def softmax_of_a_sigmoid(proto: onnx.ModelProto) -> onnx.ModelProto:
    """A sigmoid of training is left before the softmax."""
    last = nth(proto, -1, "Softmax")
    insert(proto, [helper.make_node("Sigmoid", [last.input[0]], ["left"], name="left")], before=last)
    last.input[0] = "left"
    return proto


@twin(
    "One filter of a convolution is 0, and nothing reads what it gives.",
    tells="layers-unmatched",
    images=many_pictures,
)
def one_channel_is_not_needed(proto: onnx.ModelProto) -> onnx.ModelProto:
    """A few dead channels are in most trained models: here one whose readers weigh it with 0."""
    for conv in nodes_of(proto, "Conv"):
        behind_it = _behind_alone(proto, conv)
        readers = [
            one for one in proto.graph.node if set(one.input) & behind_it and not set(one.output) & behind_it
        ]
        plain = all(one.op_type == "Conv" and attribute(one, "group", 1) == 1 for one in [conv, *readers])
        if plain and len(readers) == 1 and len(conv.input) > 2:
            for index, extra in ((1, 0), (2, -1)):
                name = own(proto, conv, index)
                change(proto, name, lambda w, by=extra: np.concatenate([w, 0 * w[:1] + by]))  # type: ignore[misc]
            del proto.graph.value_info[:]  # the shapes of what has a channel more
            name = own(proto, readers[0], 1)
            return change(proto, name, lambda w: np.concatenate([w, 0 * w[:, :1]], axis=1))
    raise UnfitError("No convolution reads another's channels alone.")


def _behind_alone(proto: onnx.ModelProto, conv: onnx.NodeProto) -> set[str]:
    """Return the tensors behind a convolution whose channels are its own: rectified, pooled."""
    found = {conv.output[0]}
    for one in proto.graph.node:
        if one.op_type in ("Relu", "MaxPool", "AveragePool") and one.input[0] in found:
            found.add(one.output[0])
    return found


def _places(array: np.ndarray) -> np.ndarray:
    """Return each channel's number, as it broadcasts over weights."""
    return np.arange(len(array)).reshape(-1, *[1] * (array.ndim - 1))
