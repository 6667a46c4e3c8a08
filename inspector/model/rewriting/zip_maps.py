"""Endings of classical machine learning: maps from classes to scores become the tensor that they are made of."""

from __future__ import annotations

import onnx

from inspector.operators.domains import MACHINE_LEARNING


def open_maps(proto: onnx.ModelProto) -> tuple[str, ...] | None:
    """Let every ZipMap hand its scores on as they are, in place; return the classes that it names, None without one.

    ZipMap (ai.onnx.ml) gives a sequence of maps, one per image, which sklearn-onnx and Custom Vision end their models
    with. The output keeps its name, and is (N, classes).
    """
    names: tuple[str, ...] | None = None
    for node in proto.graph.node:
        if node.op_type != "ZipMap" or node.domain != MACHINE_LEARNING:
            continue
        names = names or _classes(node)
        node.op_type, node.domain = "Identity", ""
        del node.attribute[:]
        for output in proto.graph.output:
            if output.name == node.output[0]:
                output.CopyFrom(onnx.helper.make_tensor_value_info(output.name, onnx.TensorProto.FLOAT, None))
    return names


def _classes(node: onnx.NodeProto) -> tuple[str, ...] | None:
    for attribute in node.attribute:
        if attribute.name == "classlabels_strings" and attribute.strings:
            return tuple(text.decode("utf-8", errors="replace") for text in attribute.strings)
        if attribute.name == "classlabels_int64s" and attribute.ints:
            return tuple(map(str, attribute.ints))
    return None
