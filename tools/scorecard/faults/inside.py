"""What cannot be looked into, and what costs more than allowed."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper

from tools.scorecard.corpus import fault
from tools.scorecard.editing import behind, nodes_of, put, weights_of
from tools.scorecard.faults.validity import called


@fault("backward-rules", subject=called("rounded"))
def the_answer_is_rounded(proto: onnx.ModelProto) -> onnx.ModelProto:
    """A Ceil at the end passes no gradient."""
    name = proto.graph.output[0].name
    proto.graph.node.append(helper.make_node("Ceil", [name], ["rounded"], name="rounded"))
    del proto.graph.output[:]
    proto.graph.output.append(helper.make_tensor_value_info("rounded", TensorProto.FLOAT, ["batch", None]))
    return proto


@fault("backward-rules", subject=called("looped"))
def the_answer_comes_out_of_a_loop(proto: onnx.ModelProto) -> onnx.ModelProto:
    """A Loop at the end doubles the answer once."""
    shape, name = ["batch", None], proto.graph.output[0].name
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["go_on"]), helper.make_node("Add", ["sum", "sum"], ["more"])],
        "body",
        [
            helper.make_tensor_value_info("turn", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("sum", TensorProto.FLOAT, shape),
        ],
        [
            helper.make_tensor_value_info("go_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("more", TensorProto.FLOAT, shape),
        ],
    )
    put(proto, "turns", np.asarray(1, np.int64))
    proto.graph.node.append(
        helper.make_node("Loop", ["turns", "", name], ["looped"], name="looped", body=body)
    )
    del proto.graph.output[:]
    proto.graph.output.append(helper.make_tensor_value_info("looped", TensorProto.FLOAT, shape))
    return proto


@fault("receptive-field", subject=called("wide"))
def a_layer_sees_more_than_the_image(proto: onnx.ModelProto) -> onnx.ModelProto:
    """A pooling behind the first convolution has a window of thousands of pixels."""
    node = nodes_of(proto, "Conv")[0]
    made = behind(
        proto,
        node,
        "MaxPool",
        kernel_shape=[3001, 3001],
        pads=[1500, 1500, 1500, 1500],
    )
    next(one for one in proto.graph.node if made in one.output).name = "wide"
    return proto


@fault("no-rectifiers")
def all_rectifiers_are_missing(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Every Relu is an Identity."""
    for node in nodes_of(proto, "Relu"):
        node.op_type = "Identity"
    return proto


@fault("file-size", options={"file-size.most": 1 << 19})
def the_file_holds_a_megabyte_more(proto: onnx.ModelProto) -> onnx.ModelProto:
    """An initializer that nothing reads has a megabyte of zeros, where half of that is allowed for the whole file."""
    put(proto, "ballast", np.zeros(1 << 18, np.float32))
    return proto


@fault("parameters", options={"parameters.most": 1 << 17})
def there_are_a_quarter_of_a_million_parameters_more(proto: onnx.ModelProto) -> onnx.ModelProto:
    """As many as 131,072 are allowed."""
    put(proto, "ballast", np.zeros(1 << 18, np.float32))
    return proto


@fault("macs", options={"macs.most": 1000})
def there_is_more_to_multiply(proto: onnx.ModelProto) -> onnx.ModelProto:
    """A convolution of its own channels is behind the first one, where hardly anything is allowed."""
    return _with_layer(proto)


@fault("activation-memory", options={"activation-memory.most": 1000})
def there_is_more_to_hold(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The image is held 64 times in channels, where hardly anything is allowed."""
    image = proto.graph.input[0].name
    proto.graph.node.insert(
        0, helper.make_node("Concat", [image] * 64, ["image.held"], name="image.held", axis=1)
    )
    proto.graph.output.append(helper.make_tensor_value_info("image.held", TensorProto.FLOAT, None))
    return proto


def _with_layer(proto: onnx.ModelProto) -> onnx.ModelProto:
    node = nodes_of(proto, "Conv")[0]
    count = len(weights_of(proto, node.input[1]))
    put(proto, "more.weights", np.eye(count, dtype=np.float32).reshape(count, count, 1, 1))
    behind(proto, node, "Conv", "more.weights", kernel_shape=[1, 1])
    return proto
