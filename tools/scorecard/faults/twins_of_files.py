"""Files that differ in names, order, versions and what they tell: another exporter's, or an optimizer's."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import onnx
import onnxruntime as ort
from onnx import helper, version_converter

from tests.support.sessions import plain_options
from tools.scorecard.corpus import UnfitError, twin
from tools.scorecard.editing import (
    insert,
)


@twin("The same file, written again.")
def nothing_differs(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Return the model."""
    return proto


@twin("All nodes, tensors and weights but inputs and outputs have other names.")
def names_differ(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Rename by number, as exporters do."""
    kept = {one.name for one in (*proto.graph.input, *proto.graph.output)} | {""}
    names: dict[str, str] = {}

    def renamed(name: str) -> str:
        return name if name in kept else names.setdefault(name, f"/model/tensor_{len(names)}_output_0")

    for index, node in enumerate(proto.graph.node):
        node.name = f"/model/{node.op_type}_{index}"
        node.input[:] = [renamed(name) for name in node.input]
        node.output[:] = [renamed(name) for name in node.output]
    for tensor in proto.graph.initializer:
        tensor.name = renamed(tensor.name)
    for value in proto.graph.value_info:
        value.name = renamed(value.name)
    return proto


@twin("The opset is two higher.")
def opset_is_newer(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Convert by ONNX's converter."""
    return _converted(proto, 2)


@twin("The opset is two lower.")
def opset_is_older(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Convert by ONNX's converter."""
    return _converted(proto, -2)


@twin("Weights are outputs of Constant nodes.")
def weights_are_constants(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Move all initializers to nodes at the start."""
    listed = {one.name for one in proto.graph.input}
    made = [
        helper.make_node("Constant", [], [one.name], name=f"constant_{index}", value=one)
        for index, one in enumerate(proto.graph.initializer)
        if one.name not in listed
    ]
    if not made:
        raise UnfitError("It has no initializers of its own.")
    kept = [one for one in proto.graph.initializer if one.name in listed]
    del proto.graph.initializer[:]
    proto.graph.initializer.extend(kept)
    insert(proto, made, before=proto.graph.node[0])
    return proto


@twin("Nodes stand in another order, which is valid too.")
def nodes_are_in_another_order(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Take, of the nodes that can come next, the last one each time."""
    known = {one.name for one in (*proto.graph.initializer, *proto.graph.input)} | {""}
    left, ordered = list(proto.graph.node), []
    while left:
        ready = [one for one in left if set(one.input) <= known]
        taken = ready[-1]
        left = [one for one in left if one is not taken]
        ordered.append(taken)
        known |= set(taken.output)
    copies = [onnx.NodeProto.FromString(one.SerializeToString()) for one in ordered]
    del proto.graph.node[:]
    proto.graph.node.extend(copies)
    return proto


@twin("Initializers stand in another order.")
def initializers_are_in_another_order(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Reverse them."""
    copies = [onnx.TensorProto.FromString(one.SerializeToString()) for one in proto.graph.initializer][::-1]
    del proto.graph.initializer[:]
    proto.graph.initializer.extend(copies)
    return proto


@twin("It was written by another exporter, of another version.")
def another_producer(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Set what is told of who made it."""
    proto.producer_name, proto.producer_version = "tf2onnx", "1.16.1"
    proto.domain, proto.model_version = "org.example", 7
    proto.graph.name = "another"
    return proto


@twin("Its version of the format is newer.")
def another_ir_version(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Set it."""
    if proto.ir_version >= 9:
        raise UnfitError("It is new.")
    proto.ir_version = 9
    return proto


@twin("Nodes, values and the graph are described, and metadata say who trained it.")
def it_is_documented(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Add texts."""
    proto.doc_string = proto.graph.doc_string = "A classifier.\nTrained on photographs."
    for node in proto.graph.node:
        node.doc_string = f"{node.op_type} of the network"
    proto.metadata_props.add(key="author", value="The vision team")
    proto.metadata_props.add(key="stack_trace", value='File "model.py", line 3, in forward')
    return proto


@twin("The shapes of all tensors are declared.")
def shapes_are_declared(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Infer them by ONNX."""
    return onnx.shape_inference.infer_shapes(proto)


@twin("The batch's axis has another name.")
def the_batch_has_another_name(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Set it."""
    for value in (*proto.graph.input, *proto.graph.output):
        shape = value.type.tensor_type.shape
        if len(shape.dim) and shape.dim[0].dim_param:
            shape.dim[0].dim_param = "unk__123"
    return proto


@twin("ONNX Runtime wrote it after its basic optimizations.")
def optimized_by_the_runtime(proto: onnx.ModelProto) -> bytes:
    """Let ONNX Runtime fold and fuse what is plain ONNX afterwards."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "optimized.onnx"
        options = plain_options()
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.optimized_model_filepath = str(path)
        ort.InferenceSession(proto.SerializeToString(), options, providers=["CPUExecutionProvider"])
        made = onnx.load_model(path)
    return bytes(_as_of(proto, made).SerializeToString())


@twin("The input has another name.")
def the_input_has_another_name(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Rename it."""
    given = proto.graph.input[0]
    for node in proto.graph.node:
        node.input[:] = ["serving_default_input:0" if name == given.name else name for name in node.input]
    given.name = "serving_default_input:0"
    return proto


def _converted(proto: onnx.ModelProto, by: int) -> onnx.ModelProto:
    to = proto.opset_import[0].version + by
    try:
        made = version_converter.convert_version(proto, to)
    except RuntimeError as error:
        raise UnfitError(f"ONNX does not convert it: {error}") from error
    return _as_of(proto, made)


def _as_of(proto: onnx.ModelProto, made: onnx.ModelProto) -> onnx.ModelProto:
    """Return a model that a tool made of another, with the metadata of that one, and without declared types within."""
    # What it declares of the constants that it puts in may be wrong; that is planted among the faults of files.
    del made.graph.value_info[:]
    made.metadata_props.extend(one for one in proto.metadata_props if one not in made.metadata_props)
    return made
