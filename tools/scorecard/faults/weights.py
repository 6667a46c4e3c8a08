"""Weights that an export, a conversion or a broken checkpoint spoils."""

from __future__ import annotations

import numpy as np
import onnx

from tools.scorecard.bases import DEMO, many_pictures
from tools.scorecard.corpus import UnfitError, fault
from tools.scorecard.editing import change, nodes_of, own, put, weights_of

WEIGHTED = ("Conv", "Gemm", "MatMul")
ANSWERS = ("golden-values", "outputs-drift")
"""What sees that the answers are others, wherever that comes from."""


def nth(proto: onnx.ModelProto, place: int, *operators: str) -> onnx.NodeProto:
    """Return a node of some operators by its place among them; UnfitError where there are too few."""
    found = nodes_of(proto, *operators)
    if not -len(found) <= place < len(found):
        raise UnfitError(f"It has {len(found)} {' or '.join(operators)}.")
    return found[place]


def names_of(proto: onnx.ModelProto, node: onnx.NodeProto, *, within: int = 2) -> list[str]:
    """Return what a layer may be called: its node, its tensors and those of the nodes right behind it."""
    names = [node.name, *node.output]
    names += [name for name in node.input if any(one.name == name for one in proto.graph.initializer)]
    for _ in range(within):
        names += [
            name
            for one in proto.graph.node
            if set(one.input) & set(names)
            for name in (one.name, *one.output)
        ]
    return [name for name in names if name]


def biases_of(proto: onnx.ModelProto, node: onnx.NodeProto) -> str:
    """Return the name of a convolution's biases, or of those of the BatchNormalization behind it."""
    if len(node.input) > 2:
        return own(proto, node, 2)
    for reader in proto.graph.node:
        if reader.op_type == "BatchNormalization" and reader.input[0] == node.output[0]:
            return own(proto, reader, 2)
    raise UnfitError("It has no biases.")


def second_convolution(proto: onnx.ModelProto) -> list[str]:
    """Name the second convolution."""
    return names_of(proto, nth(proto, 1, "Conv"))


def first_convolution(proto: onnx.ModelProto) -> list[str]:
    """Name the first convolution."""
    return names_of(proto, nth(proto, 0, "Conv"))


def last_dense(proto: onnx.ModelProto) -> list[str]:
    """Name the last dense layer."""
    return names_of(proto, nth(proto, -1, "Gemm", "MatMul"))


@fault("weights-finite", subject=second_convolution)
def nan_among_the_weights(proto: onnx.ModelProto) -> onnx.ModelProto:
    """One weight of the second convolution is NaN."""
    name = own(proto, nth(proto, 1, "Conv"), 1)
    return change(proto, name, lambda weights: _with_one(weights, np.nan))


@fault("weights-finite")
def a_variance_is_negative(proto: onnx.ModelProto) -> onnx.ModelProto:
    """One variance of the first BatchNormalization is −1."""
    name = own(proto, nth(proto, 0, "BatchNormalization"), 4)
    return change(proto, name, lambda variance: _with_one(variance, -1.0))


@fault("weights-finite")
def infinity_among_the_biases(proto: onnx.ModelProto) -> onnx.ModelProto:
    """One bias of the last dense layer is infinite."""
    name = own(proto, nth(proto, -1, "Gemm"), 2)
    return change(proto, name, lambda bias: _with_one(bias, np.inf))


@fault("activations-finite", subject=second_convolution)
def nan_reaches_the_activations(proto: onnx.ModelProto) -> onnx.ModelProto:
    """A NaN among the biases of the second convolution is in everything behind it."""
    return change(proto, biases_of(proto, nth(proto, 1, "Conv")), lambda bias: _with_one(bias, np.nan))


@fault("dead-channels", subject=second_convolution, images=many_pictures)
def half_of_the_channels_are_dead(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Every second channel of the second convolution has a bias that no picture overcomes."""
    name = biases_of(proto, nth(proto, 1, "Conv"))
    return change(proto, name, lambda bias: np.where(np.arange(len(bias)) % 2, bias, -1e4))


@fault("dead-channels", subject=first_convolution, images=many_pictures)
def all_channels_but_one_are_dead(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The first convolution's weights and biases are 0 in all channels but the first."""
    node = nth(proto, 0, "Conv")
    for name in (own(proto, node, 1), biases_of(proto, node)):
        change(proto, name, _only_the_first)
    return proto


@fault("layers-drift", *ANSWERS, baseline=True, expected=True)
def a_layer_is_zeroed(proto: onnx.ModelProto) -> onnx.ModelProto:
    """All weights of the second convolution are 0."""
    return change(proto, own(proto, nth(proto, 1, "Conv"), 1), np.zeros_like)


@fault("duplicate-filters", subject=first_convolution)
def filters_are_duplicated(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Half of the first convolution's filters are copies of the other half."""
    return change(
        proto, own(proto, nth(proto, 0, "Conv"), 1), lambda w: np.concatenate([w[: len(w) // 2]] * 2)
    )


@fault("dominant-filters", subject=first_convolution)
def a_filter_dominates(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The third filter of the first convolution is 127 times as strong: the scale of its codes was lost."""

    def stronger(weights: np.ndarray) -> np.ndarray:
        weights[2] *= 127
        return weights

    return change(proto, own(proto, nth(proto, 0, "Conv"), 1), stronger)


@fault("layers-drift", *ANSWERS, subject=None, baseline=True, expected=True)
def a_layer_has_a_wrong_scale(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The second convolution's weights are three times what they were."""
    return change(proto, own(proto, nth(proto, 1, "Conv"), 1), lambda weights: weights * 3)


@fault("layers-drift", subject=second_convolution, baseline=True)
def a_layer_has_a_wrong_sign(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The second convolution's weights have the other sign."""
    return change(proto, own(proto, nth(proto, 1, "Conv"), 1), np.negative)


@fault("layers-drift", subject=last_dense, baseline=True)
def a_dense_layer_is_transposed(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The last dense layer's weights are read in the other order."""
    return change(
        proto, own(proto, nth(proto, -1, "Gemm"), 1), lambda weights: weights.T.reshape(weights.shape)
    )


@fault(*ANSWERS, "golden-top", "top-drift", baseline=True, expected=True)
def a_transposed_dense_layer_answers(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The last dense layer's weights are read in the other order: the answers are others."""
    return a_dense_layer_is_transposed(proto)


@fault("layers-drift", subject=first_convolution, baseline=True)
def the_first_layer_reads_bgr(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The first convolution's input channels are reversed: it reads blue for red."""
    return change(proto, own(proto, nth(proto, 0, "Conv"), 1), _reversed_inputs)


@fault(*ANSWERS, baseline=True, expected=True)
def answers_of_bgr(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The first convolution reads blue for red: the answers are others."""
    return the_first_layer_reads_bgr(proto)


@fault("layers-drift", subject=second_convolution, baseline=True)
def a_bias_is_dropped(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The second convolution has no bias."""
    name = biases_of(proto, nth(proto, 1, "Conv"))
    if np.abs(weights_of(proto, name)).max() < 1e-3:
        raise UnfitError("Its biases are 0.")
    return change(proto, name, np.zeros_like)


@fault("layers-drift", subject=second_convolution, baseline=True)
def the_channels_of_a_layer_are_in_another_order(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The second convolution reads its input channels in the other order."""
    return change(proto, own(proto, nth(proto, 1, "Conv"), 1), _reversed_inputs)


@fault("layers-drift", *ANSWERS, baseline=True, expected=True)
def mean_and_variance_are_swapped(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The first BatchNormalization has its variances for means, and its means for variances."""
    node = nth(proto, 0, "BatchNormalization")
    node.input[3], node.input[4] = node.input[4], node.input[3]
    return change(proto, own(proto, node, 4), lambda means: np.abs(means) + 1e-3)


@fault("layers-drift", *ANSWERS, baseline=True, expected=True)
def epsilon_is_wrong(proto: onnx.ModelProto) -> onnx.ModelProto:
    """All BatchNormalizations add 0.1 to the variance, as for an argument in another place."""
    for node in nodes_of(proto, "BatchNormalization"):
        for one in [one for one in node.attribute if one.name == "epsilon"]:
            node.attribute.remove(one)
        node.attribute.append(onnx.helper.make_attribute("epsilon", 0.1))
    return proto


@fault("layers-drift", *ANSWERS, "golden-top", on="demo", baseline=True, expected=True)
def an_older_checkpoint_is_exported(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The weights are those of an early epoch of the same training."""
    older = onnx.load_model(DEMO.parent / "checkpoints" / "epoch_001.onnx")
    for tensor in older.graph.initializer:
        put(proto, tensor.name, onnx.numpy_helper.to_array(tensor))
    return proto


def _with_one(array: np.ndarray, value: float) -> np.ndarray:
    array.flat[array.size // 2] = value
    return array


def _only_the_first(array: np.ndarray) -> np.ndarray:
    array[1:] = 0
    return array


def _reversed_inputs(weights: np.ndarray) -> np.ndarray:
    if weights.shape[1] < 2:
        raise UnfitError("It reads one channel.")
    return weights[:, ::-1]
