"""Nodes and weights that another exporter writes otherwise, and that compute the same."""

from __future__ import annotations

import json

import numpy as np
import onnx
from onnx import helper

from tools.scorecard.bases import photographs, prepared
from tools.scorecard.corpus import UnfitError, twin
from tools.scorecard.editing import (
    attribute,
    behind,
    change,
    drop_unused,
    insert,
    metadata,
    nodes_of,
    own,
    put,
    replace,
    require_opset,
    set_attribute,
    set_metadata,
    weights_of,
)
from tools.scorecard.faults.weights import nth
from tools.scorecard.quantizing import quantized


@twin("Batch normalizations are folded into the convolutions.")
def batch_normalization_is_folded(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Fold what stands right behind a convolution."""
    for node in nodes_of(proto, "BatchNormalization"):
        before = next(one for one in proto.graph.node if node.input[0] in one.output)
        if before.op_type != "Conv":
            raise UnfitError("Something else is before its BatchNormalization.")
        gamma, beta, mean, variance = (weights_of(proto, name).astype(np.float64) for name in node.input[1:5])
        by = gamma / np.sqrt(variance + attribute(node, "epsilon", 1e-5))
        weights = weights_of(proto, before.input[1])
        shape = [-1, *[1] * (weights.ndim - 1)]
        bias = weights_of(proto, before.input[2]) if len(before.input) > 2 else 0
        output = node.output[0]
        put(proto, f"{output}.w", (weights * by.reshape(shape)).astype(np.float32))
        put(proto, f"{output}.b", ((bias - mean) * by + beta).astype(np.float32))
        folded = onnx.NodeProto()
        folded.CopyFrom(before)
        folded.input[:] = [before.input[0], f"{output}.w", f"{output}.b"]
        folded.output[:] = [output]
        proto.graph.node.remove(before)
        replace(proto, node, [folded])
    return drop_unused(proto)


@twin(
    "Convolutions have a BatchNormalization behind them, which is not folded.", tells="foldable-normalization"
)
def batch_normalization_is_not_folded(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Put one that changes nothing behind every convolution."""
    for node in nodes_of(proto, "Conv"):
        count = len(weights_of(proto, node.input[1]))
        parts = {"gamma": 2.0, "beta": 0.5, "moment": 0.25, "variance": 4.0}
        for part, value in parts.items():
            put(proto, f"{node.output[0]}.{part}", np.full(count, value, np.float32))
        behind(
            proto,
            node,
            "BatchNormalization",
            *(f"{node.output[0]}.{part}" for part in parts),
            epsilon=1e-12,
        )
        # 2 · (y − 0.25) / 2 + 0.5 is y + 0.25, so the convolution gives 0.25 less.
        if len(node.input) < 3 or not node.input[2]:
            raise UnfitError("A convolution has no bias.")
        change(proto, own(proto, node, 2), lambda bias: bias - 0.25)
    return proto


@twin("An Identity is behind the second convolution.", tells="redundant-nodes")
def an_identity_is_inserted(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Insert one."""
    behind(proto, nth(proto, 1, "Conv"), "Identity")
    return proto


@twin("A Dropout that does nothing is before the last dense layer.", tells="redundant-nodes")
def a_dropout_is_left(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Insert one, in inference mode."""
    node = nth(proto, -1, "Gemm")
    source = next((one for one in proto.graph.node if node.input[0] in one.output), None)
    if source is None:
        raise UnfitError("Its dense layer reads the image.")
    behind(proto, source, "Dropout")
    return proto


@twin("Dense layers are a MatMul and an Add.")
def dense_layers_are_matmul_and_add(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Write every Gemm so."""
    for node in nodes_of(proto, "Gemm"):
        if attribute(node, "alpha", 1.0) != 1 or attribute(node, "beta", 1.0) != 1 or len(node.input) < 3:
            raise UnfitError("Its Gemm scales.")
        name, output = own(proto, node, 1), node.output[0]
        if attribute(node, "transB", 0):
            put(proto, name, weights_of(proto, name).T)
        product = helper.make_node("MatMul", [node.input[0], name], [f"{output}.mm"], name=f"{output}.mm")
        total = helper.make_node("Add", [f"{output}.mm", node.input[2]], [output], name=output)
        replace(proto, node, [product, total])
    return drop_unused(proto)


@twin("Biases are added by nodes of their own.")
def biases_are_added_apart(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Write every convolution with a bias so."""
    for node in nodes_of(proto, "Conv"):
        if len(node.input) < 3:
            raise UnfitError("A convolution has no bias.")
        output, bias = node.output[0], f"{node.output[0]}.apart"
        put(proto, bias, weights_of(proto, node.input[2]).reshape(1, -1, 1, 1))
        plain = onnx.NodeProto()
        plain.CopyFrom(node)
        del plain.input[2:]
        plain.name = plain.output[0] = f"{output}.plain"
        replace(
            proto, node, [plain, helper.make_node("Add", [f"{output}.plain", bias], [output], name=output)]
        )
    return drop_unused(proto)


@twin("Dense layers hold their weights transposed, and say so.")
def dense_weights_are_stored_transposed(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Change transB of every Gemm, and its weights."""
    for node in nodes_of(proto, "Gemm"):
        name = own(proto, node, 1)
        put(proto, name, weights_of(proto, name).T)
        set_attribute(node, "transB", 1 - attribute(node, "transB", 0))
    return drop_unused(proto)


@twin("Rectifiers are written as Max with 0.")
def rectifiers_are_maxima(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Write every Relu so."""
    put(proto, "zero", np.asarray(0, np.float32))
    for node in nodes_of(proto, "Relu"):
        node.op_type = "Max"
        node.input.append("zero")
    return proto


@twin("Rectifiers are written as Clip without an upper bound.")
def rectifiers_are_clips(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Write every Relu so."""
    require_opset(proto, 11)
    put(proto, "zero", np.asarray(0, np.float32))
    for node in nodes_of(proto, "Relu"):
        node.op_type = "Clip"
        node.input.append("zero")
    return proto


@twin("Flatten is a Reshape.")
def flatten_is_a_reshape(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Write it with 0 and -1, as PyTorch's exporter does."""
    put(proto, "flat.shape", np.asarray([0, -1], np.int64))
    for node in nodes_of(proto, "Flatten"):
        if attribute(node, "axis", 1) != 1:
            raise UnfitError("Its Flatten is of another axis.")
        node.op_type = "Reshape"
        set_attribute(node, "axis", None)
        node.input.append("flat.shape")
    return proto


@twin("Global average pooling is a ReduceMean.")
def pooling_is_a_mean(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Write it over the last two axes."""
    for node in nodes_of(proto, "GlobalAveragePool"):
        node.op_type = "ReduceMean"
        if proto.opset_import[0].version >= 18:
            put(proto, "spatial.axes", np.asarray([2, 3], np.int64))
            node.input.append("spatial.axes")
        else:
            set_attribute(node, "axes", [2, 3])
    return proto


@twin("Padding is told as SAME_UPPER instead of by numbers.")
def padding_is_told_by_name(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Where convolutions of stride 1 are padded by half of an odd kernel all around."""
    found = False
    for node in nodes_of(proto, "Conv"):
        size = weights_of(proto, node.input[1]).shape[2:]
        half = [one // 2 for one in size]
        is_plain = set(attribute(node, "strides") or [1]) | set(attribute(node, "dilations") or [1]) == {1}
        if (
            is_plain
            and all(one % 2 for one in size)
            and list(attribute(node, "pads") or []) == [*half, *half]
        ):
            set_attribute(node, "pads", None)
            set_attribute(node, "auto_pad", "SAME_UPPER")
            found = True
    if not found:
        raise UnfitError("No convolution is padded so.")
    return proto


@twin("Weights are moved by less than a millionth of their size.")
def weights_are_rounded_otherwise(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Multiply all floats of convolutions and dense layers."""
    random = np.random.default_rng(1)
    for name in {node.input[1] for node in nodes_of(proto, "Conv", "Gemm")}:
        if weights_of(proto, name).dtype == np.float32:
            change(proto, name, lambda w: w * (1 + 1e-7 * random.standard_normal(w.shape)))
    return proto


@twin("It is quantized well to 8 bits.", on="demo", tells=("golden-values",))
def quantized_well(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Quantize it within the ranges that photographs have."""
    return quantized(proto, prepared(proto, photographs()))


@twin("Weights were rounded to float16 on the way.", tells="golden-values")
def weights_went_through_float16(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Round all floats of convolutions and dense layers."""
    for name in {node.input[1] for node in nodes_of(proto, "Conv", "Gemm")}:
        if weights_of(proto, name).dtype == np.float32:
            change(proto, name, lambda w: w.astype(np.float16))
    return proto


@twin("The input has its channels last, and a Transpose behind it.")
def channels_come_last(proto: onnx.ModelProto) -> onnx.ModelProto:
    """As exporters of TensorFlow and Keras write it."""
    given = proto.graph.input[0]
    how = json.loads(metadata(proto, "inspector.preprocessing"))
    sizes = given.type.tensor_type.shape.dim
    if len(sizes) != 4 or sizes[1].dim_value not in (1, 3):
        raise UnfitError("Its channels do not come first.")
    first = onnx.TensorShapeProto.Dimension()
    first.CopyFrom(sizes[1])
    del sizes[1]
    sizes.append(first)
    for node in proto.graph.node:
        node.input[:] = ["channels.first" if name == given.name else name for name in node.input]
    made = helper.make_node(
        "Transpose", [given.name], ["channels.first"], name="channels.first", perm=[0, 3, 1, 2]
    )
    insert(proto, [made], before=proto.graph.node[0])
    if "layout" in how:
        set_metadata(proto, "inspector.preprocessing", json.dumps({**how, "layout": "NHWC"}))
    return proto


@twin("Mean and deviation are in the graph instead of the preprocessing.", tells="preprocessing-differs")
def pixels_are_normalized_in_the_graph(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Subtract and divide behind the input, as some exporters do."""
    how, given = json.loads(metadata(proto, "inspector.preprocessing")), proto.graph.input[0].name
    mean, deviation = (np.asarray(how[name], np.float32).reshape(1, -1, 1, 1) for name in ("mean", "std"))
    if not mean.any() or (deviation == 1).all():
        raise UnfitError("Its pixels are not normalized.")
    put(proto, "pixels.mean", mean)
    put(proto, "pixels.std", deviation)
    for node in proto.graph.node:
        node.input[:] = ["pixels.normalized" if name == given else name for name in node.input]
    insert(
        proto,
        [
            helper.make_node("Sub", [given, "pixels.mean"], ["pixels.centered"], name="pixels.centered"),
            helper.make_node(
                "Div", ["pixels.centered", "pixels.std"], ["pixels.normalized"], name="pixels.normalized"
            ),
        ],
        before=proto.graph.node[0],
    )
    set_metadata(proto, "inspector.preprocessing", json.dumps({**how, "mean": [0.0], "std": [1.0]}))
    return proto
