"""What a file says itself, before it is rewritten."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from inspector.model.file_facts import FileFacts
from inspector.model.read import read_model
from tests.support.graphs import model, node
from tests.support.toys import toy_cnn


def facts(proto: onnx.ModelProto | bytes) -> FileFacts:
    data = proto if isinstance(proto, bytes) else proto.SerializeToString()
    return read_model(data).file


def a_cnn() -> onnx.ModelProto:
    return onnx.load_from_string(toy_cnn())


def test_versions_are_those_of_the_file() -> None:
    proto = a_cnn()
    proto.ir_version = 9
    found = facts(proto)
    assert found.ir_version == 9
    assert found.opsets[""] == proto.opset_import[0].version


def test_parameters_are_counted_without_scalars_and_shapes() -> None:
    proto = a_cnn()
    weights = 6 * 27 + 6 + 8 * 54 + 8 + 288 * 5 + 5
    assert facts(proto).parameters == weights
    proto.graph.initializer.append(numpy_helper.from_array(np.array([1, -1], np.int64), "shape"))
    proto.graph.initializer.append(numpy_helper.from_array(np.float32(3), "scale"))
    assert facts(proto).parameters == weights


def test_initializers_that_nothing_reads_are_named() -> None:
    proto = a_cnn()
    assert facts(proto).unused == ()
    proto.graph.initializer.append(numpy_helper.from_array(np.zeros((4, 4), np.float32), "left_over"))
    assert facts(proto).unused == ("left_over",)


def test_an_initializer_that_only_a_subgraph_hands_on_is_used() -> None:
    branch = helper.make_graph(
        [], "branch", [], [helper.make_tensor_value_info("kept", TensorProto.FLOAT, [1])]
    )
    nodes = [
        node("Conv", ["x", "w"], "conv", kernel_shape=[1, 1]),
        node("ReduceMax", ["conv"], "largest", keepdims=0),
        node("Greater", ["largest", "kept"], "is_bright"),
        node("If", ["is_bright"], "chosen", then_branch=branch, else_branch=branch),
        node("Add", ["conv", "chosen"], "scores"),
    ]
    nodes[2].input[1] = "other"
    values: dict[str, np.ndarray | np.generic] = {
        "w": np.ones((2, 3, 1, 1), np.float32),
        "kept": np.ones(1, np.float32),
        "other": np.float32(1),
    }
    assert facts(model(nodes, shape=(1, 3, 4, 4), weights=values)).unused == ()


def test_initializers_among_the_inputs_are_overridable() -> None:
    proto = a_cnn()
    assert facts(proto).overridable == ()
    proto.graph.input.append(helper.make_tensor_value_info("w1", TensorProto.FLOAT, [6, 3, 3, 3]))
    assert facts(proto).overridable == ("w1",)


def test_names_of_nodes_are_counted() -> None:
    proto = a_cnn()
    proto.graph.node[0].name = proto.graph.node[1].name = "same"
    proto.graph.node[2].name = ""
    found = facts(proto)
    assert found.repeated == {"same": 2}
    assert found.unnamed == ("pool1",)


def test_a_node_before_what_it_reads_is_named() -> None:
    proto = a_cnn()
    assert facts(proto).late is None
    first, second = (onnx.NodeProto.FromString(one.SerializeToString()) for one in proto.graph.node[:2])
    proto.graph.node[0].CopyFrom(second)
    proto.graph.node[1].CopyFrom(first)
    assert facts(proto).late == (second.name or "relu1", "conv1")


def test_operators_and_functions_are_those_before_functions_are_inlined() -> None:
    proto = a_cnn()
    function = helper.make_function(
        "local", "Twice", ["a"], ["b"], [helper.make_node("Add", ["a", "a"], ["b"])], proto.opset_import
    )
    proto.functions.append(function)
    proto.opset_import.append(helper.make_opsetid("local", 1))
    proto.graph.node[1].domain, proto.graph.node[1].op_type = "local", "Twice"
    found = facts(proto)
    assert found.functions == (("local", "Twice"),)
    assert found.operators["local", "Twice"].count == 1
    assert found.operators["", "Conv"].count == 2


def test_declared_shapes_are_the_file_s() -> None:
    proto = a_cnn()
    proto.graph.value_info.append(
        helper.make_tensor_value_info("relu1", TensorProto.FLOAT, ["n", 99, 16, 16])
    )
    found = facts(proto).declared
    assert found["relu1"].shape == ("n", 99, 16, 16)
    assert found["x"].shape == ("batch", 3, 16, 16)


def test_external_tensors_say_where_they_lie(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    onnx.save(a_cnn(), path, save_as_external_data=True, location="weights.bin", size_threshold=100)
    found = read_model(path).file
    assert {one.location for one in found.external.values()} == {"weights.bin"}
    assert not any(one.has_checksum for one in found.external.values())
    assert found.initializers["w1"].size == 6 * 27


def test_the_skeleton_is_small_and_valid() -> None:
    proto = a_cnn()
    proto.graph.output[0].CopyFrom(helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["batch", 5]))
    found = facts(proto)
    assert found.skeleton is not None
    assert len(found.skeleton) < len(proto.SerializeToString()) - 4 * 288 * 5 + 100
    onnx.checker.check_model(found.skeleton, full_check=True)
