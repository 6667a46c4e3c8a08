"""What lets a model drift from its baseline, beside spoilt weights and nodes: layers that only one of both has."""

from __future__ import annotations

from functools import partial

import numpy as np
import onnx

from tools.scorecard.corpus import UnfitError, fault
from tools.scorecard.editing import behind, change, nodes_of, own, put, weights_of
from tools.scorecard.faults.weights import nth


def _mixed(weights: np.ndarray, seed: int) -> np.ndarray:
    mixed: np.ndarray = np.random.default_rng(seed).permuted(weights, axis=None)
    return mixed


@fault("layers-unmatched", baseline=True)
def a_layer_is_added(proto: onnx.ModelProto) -> onnx.ModelProto:
    """A convolution of 1 × 1 that mixes channels and halves their number stands behind the second rectifier."""
    node = nth(proto, 1, "Relu", "Clip", "LeakyRelu")
    width = _width(proto, node)
    rng = np.random.default_rng(0)
    put(proto, "added.down", (rng.standard_normal((width // 2, width, 1, 1)) / width).astype(np.float32))
    put(proto, "added.up", (rng.standard_normal((width, width // 2, 1, 1)) / width).astype(np.float32))
    down = behind(proto, node, "Conv", "added.down")
    behind(proto, next(one for one in proto.graph.node if one.output[0] == down), "Conv", "added.up")
    return proto


def _width(proto: onnx.ModelProto, node: onnx.NodeProto) -> int:
    """Return how many channels the convolution has that a rectifier reads, at once or behind a BatchNormalization."""
    makers = {one.output[0]: one for one in proto.graph.node}
    before = makers.get(node.input[0])
    while before is not None and before.op_type == "BatchNormalization":
        before = makers.get(before.input[0])
    if before is None or before.op_type != "Conv":
        raise UnfitError("No convolution is before the second rectifier.")
    return len(weights_of(proto, before.input[1]))


@fault("saliency-drift", "occlusion-drift", "top-drift", baseline=True)
def weights_of_all_convolutions_are_mixed(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Each convolution has its own weights in another order: as many, and as large, and of no training."""
    for seed, node in enumerate(nodes_of(proto, "Conv")):
        change(proto, own(proto, node, 1), partial(_mixed, seed=seed))
    return proto


@fault("saliency-drift", baseline=True)
def weights_of_the_last_convolution_are_mixed(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The last convolution has its own weights in another order."""
    return change(proto, own(proto, nth(proto, -1, "Conv"), 1), lambda weights: _mixed(weights, 5))


@fault("outputs-drift", "top-drift", baseline=True)
def the_classes_are_in_another_order(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The last dense layer gives the classes in the other order, and the labels are as they were."""
    node = nth(proto, -1, "Gemm", "MatMul")
    axis = 0 if any(one.name == "transB" and one.i for one in node.attribute) else 1
    change(proto, own(proto, node, 1), lambda weights: np.flip(weights, axis))
    if len(node.input) > 2:
        change(proto, own(proto, node, 2), lambda bias: bias[::-1])
    return proto


@fault("outputs-drift", baseline=True)
def the_answers_are_not_probabilities(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The last softmax is missing."""
    node = nth(proto, -1, "Softmax")
    if node.output[0] != proto.graph.output[0].name:
        raise UnfitError("Its softmax is not its last node.")
    proto.graph.node.remove(node)
    makers = [one for one in proto.graph.node if node.input[0] in one.output]
    makers[0].output[0] = node.output[0]
    return proto
