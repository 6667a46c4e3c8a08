"""Files that load here, and not everywhere, or not as they say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

from tests.support.graphs import model
from tests.support.graphs import node as made_node
from tools.scorecard.corpus import UnfitError, fault, scratch
from tools.scorecard.editing import behind, nodes_of, put, set_attribute, weights_of


def called(*names: str) -> Callable[[onnx.ModelProto], tuple[str, ...]]:
    """Give names that a fault makes up itself."""
    return lambda _: names


def input_of(proto: onnx.ModelProto) -> list[str]:
    """Name the image."""
    return [proto.graph.input[0].name]


def outputs_of(proto: onnx.ModelProto) -> list[str]:
    """Name the outputs."""
    return [one.name for one in proto.graph.output]


def first_convolution(proto: onnx.ModelProto) -> list[str]:
    """Name the first convolution and what it gives."""
    node = nodes_of(proto, "Conv")[0]
    return [name for name in (node.name, *node.output) if name]


def last_node(proto: onnx.ModelProto) -> list[str]:
    """Name the last node and what it gives."""
    node = proto.graph.node[-1]
    return [name for name in (node.name, *node.output) if name]


@fault("opset-range")
def the_opset_is_the_newest(proto: onnx.ModelProto) -> onnx.ModelProto:
    """It says the newest opset that there is."""
    proto.opset_import[0].version = onnx.defs.onnx_opset_version()
    _require_valid(proto)
    return proto


@fault("opset-range", options={"opset-range.highest": 8})
def the_opset_is_newer_than_what_it_is_served_with(proto: onnx.ModelProto) -> onnx.ModelProto:
    """It says one opset more, where an old one is the newest allowed."""
    proto.opset_import[0].version = max(9, proto.opset_import[0].version + 1)
    _require_valid(proto)
    return proto


@fault("ir-range")
def the_format_is_the_newest(proto: onnx.ModelProto) -> onnx.ModelProto:
    """It says the newest version of the format."""
    proto.ir_version = onnx.IR_VERSION
    return proto


@fault("ir-range", options={"ir-range.highest": 7})
def the_format_is_newer_than_what_it_is_served_with(proto: onnx.ModelProto) -> onnx.ModelProto:
    """It says a version more, where an old one is the newest allowed."""
    proto.ir_version = max(8, proto.ir_version + 1)
    return proto


@fault("deprecated-operators", subject=called("enlarged"))
def pictures_are_enlarged_by_a_deprecated_operator(proto: onnx.ModelProto) -> onnx.ModelProto:
    """An Upsample by 1 stands before everything, at an opset where there was one."""
    proto.opset_import[0].version = min(proto.opset_import[0].version, 9)
    put(proto, "upsample.scales", np.ones(4, np.float32))
    image = proto.graph.input[0].name
    for node in proto.graph.node:
        node.input[:] = ["enlarged" if name == image else name for name in node.input]
    made = helper.make_node("Upsample", [image, "upsample.scales"], ["enlarged"], name="enlarged")
    proto.graph.node.insert(0, made)
    _require_valid(proto)
    return proto


def enlarging() -> onnx.ModelProto:
    """Return a model that enlarges what its convolution gives."""
    nodes = [
        made_node("Conv", ["x", "w"], "conv", kernel_shape=[3, 3]),
        made_node("Resize", ["conv", "", "scales"], "large", mode="nearest"),
    ]
    values: dict[str, np.ndarray | np.generic] = {
        "w": np.ones((2, 3, 3, 3), np.float32),
        "scales": np.array([1, 1, 2, 2], np.float32),
    }
    return model(nodes, shape=("n", 3, 16, 16), weights=values, opset=13)


@fault("deprecated-operators", subject=called("large"), on=enlarging)
def maps_are_enlarged_by_a_deprecated_operator(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The Resize is an Upsample of opset 9."""
    proto.opset_import[0].version = 9
    proto.graph.node[1].op_type = "Upsample"
    proto.graph.node[1].input[:] = ["conv", "scales"]
    return proto


@fault("custom-domains", subject=called("contributed"))
def an_operator_of_onnx_runtime_is_at_the_end(proto: onnx.ModelProto) -> onnx.ModelProto:
    """A QuickGelu of com.microsoft makes one more output."""
    proto.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    name = proto.graph.output[0].name
    proto.graph.node.append(
        helper.make_node("QuickGelu", [name], ["contributed"], name="contributed", domain="com.microsoft")
    )
    proto.graph.output.append(helper.make_tensor_value_info("contributed", TensorProto.FLOAT, None))
    return proto


@fault("custom-domains")
def a_fused_operator_of_onnx_runtime(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The first convolution and its rectifier are a FusedConv, as ONNX Runtime's optimizer writes them."""
    node = nodes_of(proto, "Conv")[0]
    readers = [one for one in proto.graph.node if node.output[0] in one.input]
    if [one.op_type for one in readers] != ["Relu"]:
        raise UnfitError("No rectifier is right behind it.")
    node.output[0] = readers[0].output[0]
    proto.graph.node.remove(readers[0])
    node.op_type, node.domain = "FusedConv", "com.microsoft"
    set_attribute(node, "activation", "Relu")
    proto.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    return proto


@fault("onnx-checker")
def an_output_has_no_shape(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Nothing is declared of the output but its type."""
    proto.graph.output[0].type.tensor_type.ClearField("shape")
    return proto


@fault("onnx-checker")
def the_graph_has_no_name(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The graph's name is empty."""
    proto.graph.name = ""
    return proto


@fault("onnx-checker")
def an_attribute_that_the_operator_does_not_have(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The first Relu has a `consumed_inputs`, which ended with opset 6."""
    set_attribute(nodes_of(proto, "Relu")[0], "consumed_inputs", [0])
    return proto


@fault("initializers-as-inputs")
def weights_are_inputs_too(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Every initializer is listed among the inputs, as old exporters did."""
    proto.ir_version = max(proto.ir_version, 4)
    listed = {one.name for one in proto.graph.input}
    proto.graph.input.extend(
        helper.make_tensor_value_info(one.name, one.data_type, one.dims)
        for one in proto.graph.initializer
        if one.name not in listed
    )
    return proto


@fault("initializers-as-inputs")
def one_bias_is_an_input_too(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The last initializer is listed among the inputs."""
    proto.ir_version = max(proto.ir_version, 4)
    one = proto.graph.initializer[-1]
    proto.graph.input.append(helper.make_tensor_value_info(one.name, one.data_type, one.dims))
    return proto


@fault("nodes-sorted")
def nodes_stand_backwards(proto: onnx.ModelProto) -> onnx.ModelProto:
    """All nodes stand in the opposite order."""
    return _ordered(proto, slice(None, None, -1))


@fault("nodes-sorted")
def the_last_node_stands_first(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The last node stands before all others."""
    copies = [onnx.NodeProto.FromString(one.SerializeToString()) for one in proto.graph.node]
    del proto.graph.node[:]
    proto.graph.node.extend([copies[-1], *copies[:-1]])
    return proto


@fault("node-names")
def nodes_have_no_names(proto: onnx.ModelProto) -> onnx.ModelProto:
    """No node has a name."""
    for node in proto.graph.node:
        node.name = ""
    return proto


@fault("node-names", subject=called("layer"))
def nodes_share_a_name(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The first two nodes are called the same."""
    for node in proto.graph.node[:2]:
        node.name = "layer"
    return proto


@fault("tensor-names", subject=called("my picture"))
def the_input_has_a_blank_in_its_name(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The image is called "my picture"."""
    return _renamed(proto, proto.graph.input[0].name, "my picture")


@fault("tensor-names")
def an_output_is_named_in_quotes(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The output's name holds quotes."""
    return _renamed(proto, proto.graph.output[0].name, 'the "scores"')


@fault("tensor-names")
def two_names_are_one_identifier(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The image is x.1, and the output x:1."""
    return _renamed(_renamed(proto, proto.graph.input[0].name, "x.1"), proto.graph.output[0].name, "x:1")


@fault("external-data", options={"external-data.files": 2})
def every_weight_has_a_file_of_its_own(proto: onnx.ModelProto) -> Path:
    """Weights lie in more files than allowed."""
    path = scratch() / "model.onnx"
    onnx.save(proto, path, save_as_external_data=True, all_tensors_to_one_file=False, size_threshold=16)
    return path


@fault("external-data")
def weights_lie_in_a_folder(proto: onnx.ModelProto) -> Path:
    """They lie in a folder below the model's."""
    path = scratch() / "model.onnx"
    (path.parent / "weights").mkdir()
    onnx.save(proto, path, save_as_external_data=True, location="weights/all.bin", size_threshold=16)
    return path


@fault("external-data")
def two_weights_share_bytes(proto: onnx.ModelProto) -> Path:
    """The second tensor in a file begins eight bytes behind the first."""
    path = scratch() / "model.onnx"
    onnx.save(proto, path, save_as_external_data=True, location="weights.bin", size_threshold=64)
    saved = onnx.load(path, load_external_data=False)
    outside = [one for one in saved.graph.initializer if one.external_data]
    for entry in outside[1].external_data:
        if entry.key == "offset":
            entry.value = "8"
    path.write_bytes(saved.SerializeToString())
    return path


@fault("declared-shapes", subject=outputs_of)
def an_output_is_declared_of_another_size(proto: onnx.ModelProto) -> onnx.ModelProto:
    """It is declared with one class more."""
    dims = proto.graph.output[0].type.tensor_type.shape.dim
    if not dims or not dims[-1].dim_value:
        raise UnfitError("Its size is not declared.")
    dims[-1].dim_value += 1
    return proto


@fault("declared-shapes", subject=outputs_of)
def an_output_is_declared_for_one_image(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The input's batch is free, and the output's is 1."""
    if proto.graph.input[0].type.tensor_type.shape.dim[0].dim_value:
        raise UnfitError("The input's batch is fixed.")
    proto.graph.output[0].type.tensor_type.shape.dim[0].dim_value = 1
    return proto


@fault("declared-shapes", subject=first_convolution)
def a_tensor_is_declared_of_another_size(proto: onnx.ModelProto) -> onnx.ModelProto:
    """What the first convolution gives is declared as two rows less, as of an export without padding."""
    name = nodes_of(proto, "Conv")[0].output[0]
    inferred = onnx.shape_inference.infer_shapes(proto)
    info = next((one for one in inferred.graph.value_info if one.name == name), None)
    if info is None or not info.type.tensor_type.shape.dim[2].dim_value:
        raise UnfitError("Its size is not known.")
    info.type.tensor_type.shape.dim[2].dim_value -= 2
    kept = [one for one in proto.graph.value_info if one.name != name]
    del proto.graph.value_info[:]
    proto.graph.value_info.extend([*kept, info])
    return proto


@fault("declared-shapes", subject=lambda proto: nodes_of(proto, "Conv")[0].input[1:2])
def a_constant_is_declared_of_another_type(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The first convolution's weights are declared as whole numbers, as ONNX's version converter leaves constants."""
    name = nodes_of(proto, "Conv")[0].input[1]
    declared = {one.name for one in (*proto.graph.input, *proto.graph.value_info)}
    if name in declared or name not in {one.name for one in proto.graph.initializer}:
        raise UnfitError("Its weights are declared already, or computed.")
    proto.graph.value_info.append(helper.make_tensor_value_info(name, TensorProto.INT64, None))
    return proto


@fault("batch-works", subject=input_of)
def several_images_do_not_fit(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The input's first axis is free, and a Reshape behind the first convolution holds one image."""
    return _with_fixed_middle(proto)


@fault("batch-works", subject=outputs_of)
def all_images_have_one_answer(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The answers of a batch are averaged."""
    if proto.graph.input[0].type.tensor_type.shape.dim[0].dim_value:
        raise UnfitError("The input's batch is fixed.")
    node = proto.graph.node[-1]
    name, inner = node.output[0], f"{node.output[0]}.each"
    node.output[0] = inner
    mean = helper.make_node("Mean", [f"{inner}.least", f"{inner}.most"], [name], name=f"{name}.mean")
    for part, operator in (("least", "ReduceMin"), ("most", "ReduceMax")):
        made = helper.make_node(operator, [inner], [f"{inner}.{part}"], name=f"{inner}.{part}", keepdims=1)
        if proto.opset_import[0].version >= 18:
            put(proto, "batch.axis", np.array([0], np.int64))
            made.input.append("batch.axis")
        else:
            set_attribute(made, "axes", [0])
        proto.graph.node.append(made)
    proto.graph.node.append(mean)
    return proto


@fault("runs")
def a_class_behind_the_last_is_read(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Classes are put in another order by numbers that begin at 1: the last one there is not."""
    dims = proto.graph.output[0].type.tensor_type.shape.dim
    if len(dims) != 2 or not dims[1].dim_value:
        raise UnfitError("How many classes it has is not declared.")
    node = proto.graph.node[-1]
    name = node.output[0]
    node.output[0] = f"{name}.before"
    put(proto, "order", np.arange(1, dims[1].dim_value + 1, dtype=np.int64))
    made = helper.make_node("Gather", [node.output[0], "order"], [name], name="ordered", axis=1)
    proto.graph.node.append(made)
    return proto


@fault("runs")
def a_channel_behind_the_last_is_read(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The first convolution's channels are shuffled by numbers that begin at 1."""
    node = nodes_of(proto, "Conv")[0]
    count = len(weights_of(proto, node.input[1]))
    put(proto, "shuffle", np.arange(1, count + 1, dtype=np.int64))
    behind(proto, node, "Gather", "shuffle", axis=1)
    return proto


def _with_fixed_middle(proto: onnx.ModelProto) -> onnx.ModelProto:
    if proto.graph.input[0].type.tensor_type.shape.dim[0].dim_value:
        raise UnfitError("The input's batch is fixed.")
    node = nodes_of(proto, "Conv")[0]
    inferred = onnx.shape_inference.infer_shapes(proto)
    info = next((one for one in inferred.graph.value_info if one.name == node.output[0]), None)
    sizes = [one.dim_value for one in info.type.tensor_type.shape.dim][1:] if info is not None else [0]
    if not all(sizes):
        raise UnfitError("The size of a layer is not known.")
    name, inner = node.output[0], f"{node.output[0]}.before"
    node.output[0] = inner
    put(proto, "one.image", np.array([1, *sizes], np.int64))
    place = [one.output[0] for one in proto.graph.node].index(inner)
    made = helper.make_node("Reshape", [inner, "one.image"], [name], name=f"{name}.reshape")
    proto.graph.node.insert(place + 1, made)
    return proto


def _ordered(proto: onnx.ModelProto, places: slice) -> onnx.ModelProto:
    copies = [onnx.NodeProto.FromString(one.SerializeToString()) for one in proto.graph.node]
    del proto.graph.node[:]
    proto.graph.node.extend(copies[places])
    return proto


def _renamed(proto: onnx.ModelProto, old: str, new: str) -> onnx.ModelProto:
    for one in (*proto.graph.input, *proto.graph.output):
        one.name = new if one.name == old else one.name
    for node in proto.graph.node:
        node.input[:] = [new if name == old else name for name in node.input]
        node.output[:] = [new if name == old else name for name in node.output]
    return proto


def _require_valid(proto: onnx.ModelProto) -> None:
    try:
        onnx.checker.check_model(proto)
    except onnx.checker.ValidationError as error:
        raise UnfitError(f"It is not valid at that opset: {error}") from error
