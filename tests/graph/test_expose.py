"""Exposing tensors and switches leaves what the model computes as it was."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from onnx import TensorProto, helper

from inspector.errors import NotFoundError
from inspector.graph.expose import SWITCHES, expose
from inspector.graph.marks import Mark
from tests.support.graphs import model, node
from tests.support.kernels import needs_kernels, session_with_kernels
from tests.support.sessions import plain_session

RNG = np.random.default_rng(0)
W = {"w": RNG.standard_normal((4, 3, 3, 3)).astype(np.float32)}
NODES = [
    node("Conv", ["x", "w"], "conv", pads=[1, 1, 1, 1]),
    node("Relu", ["conv"], "relu"),
    node("MaxPool", ["relu"], "pool", kernel_shape=[3, 3], strides=[2, 2]),
    node("GlobalAveragePool", ["pool"], "y"),
]
X = RNG.standard_normal((2, 3, 9, 8)).astype(np.float32)


def run(proto: onnx.ModelProto, x: np.ndarray = X) -> dict[str, np.ndarray]:
    session = plain_session(proto)
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, {session.get_inputs()[0].name: x}), strict=True))


def small(opset: int = 17, **changes: Any) -> onnx.ModelProto:
    return model(NODES, shape=("n", 3, 9, 8), weights=W, opset=opset, **changes)


@pytest.mark.parametrize("opset", [7, 8, 11, 17])
def test_exposed_values_equal_those_of_the_exported_model_bit_by_bit(opset: int) -> None:
    proto = small(opset)
    exposed = ir.to_proto(expose(ir.from_proto(proto), tensors=["y", "relu"], switches=["pool"]))

    found, alone = run(exposed), run(small(opset, outputs=["relu"]))

    np.testing.assert_array_equal(found["y"], run(proto)["y"])
    np.testing.assert_array_equal(found["relu"], alone["relu"])
    assert list(found) == ["y", "relu", "pool" + SWITCHES]


def test_the_model_is_not_changed() -> None:
    graph = ir.from_proto(small(7))
    before = ir.to_proto(graph).SerializeToString()

    expose(graph, tensors=["relu"], switches=["pool"])

    assert ir.to_proto(graph).SerializeToString() == before


def test_nodes_and_weights_that_no_output_needs_are_gone() -> None:
    exposed = expose(ir.from_proto(small()), tensors=["x"])
    assert [list(exposed.graph), list(exposed.graph.initializers)] == [[], []]

    exposed = expose(ir.from_proto(small()), tensors=["relu"])
    assert [n.op_type for n in exposed.graph] == ["Conv", "Relu"]
    assert [value.name for value in exposed.graph.outputs] == ["relu"]


@pytest.mark.parametrize("opset", [7, 17])
def test_switches_point_at_the_maxima_of_the_whole_batch(opset: int) -> None:
    found = run(ir.to_proto(expose(ir.from_proto(small(opset)), tensors=["relu", "pool"], switches=["pool"])))

    places = found["pool" + SWITCHES]

    assert places.dtype == np.int64
    np.testing.assert_array_equal(found["relu"].ravel()[places], found["pool"])
    assert places[1].min() >= found["relu"][0].size


def test_opset_7_becomes_8_only_where_switches_are_asked_for() -> None:
    graph = ir.from_proto(small(7))

    assert expose(graph, tensors=["pool"]).opset_imports[""] == 7
    assert expose(graph, tensors=["pool"], switches=["pool"]).opset_imports[""] == 8
    assert expose(ir.from_proto(small(12)), tensors=[], switches=["pool"]).opset_imports[""] == 12


def test_the_standard_domain_may_be_spelt_out() -> None:
    proto = small(7)
    proto.opset_import[0].domain = "ai.onnx"

    found = run(ir.to_proto(expose(ir.from_proto(proto), tensors=["y"], switches=["pool"])))

    np.testing.assert_array_equal(found["y"], run(small(7))["y"])


def test_switches_that_the_model_already_has_are_used_row_major() -> None:
    nodes = [
        node("MaxPool", ["x"], ["pool", "places"], kernel_shape=[2, 2], storage_order=1),
        node("Cast", ["places"], "y", to=TensorProto.FLOAT),
    ]
    graph = ir.from_proto(model(nodes, shape=(2, 3, 9, 8), outputs=["pool"]))

    found = run(ir.to_proto(expose(graph, tensors=["pool"], switches=["pool"])))

    np.testing.assert_array_equal(X.ravel()[found["pool" + SWITCHES]], found["pool"])


def test_initializers_among_the_inputs_go_with_the_nodes_that_read_them() -> None:
    """IR 3 lists every weight as an input."""
    proto = small(8, ir_version=3)
    proto.graph.input.append(helper.make_tensor_value_info("w", TensorProto.FLOAT, W["w"].shape))
    proto.graph.input.append(helper.make_tensor_value_info("unused", TensorProto.FLOAT, [2]))
    proto.graph.initializer.append(onnx.numpy_helper.from_array(np.ones(2, np.float32), "unused"))

    exposed = expose(ir.from_proto(proto), tensors=["relu"])

    assert [value.name for value in exposed.graph.inputs] == ["x", "w"]
    assert list(exposed.graph.initializers) == ["w"]
    np.testing.assert_array_equal(run(ir.to_proto(exposed))["relu"], run(small(8, outputs=["relu"]))["relu"])


def test_a_tensor_that_is_read_inside_a_branch_stays() -> None:
    def branch(name: str, op_type: str) -> onnx.GraphProto:
        output = helper.make_tensor_value_info(name, TensorProto.FLOAT, None)
        return helper.make_graph([helper.make_node(op_type, ["relu"], [name])], name, [], [output])

    choice = node("If", ["c"], "y", then_branch=branch("t", "Exp"), else_branch=branch("e", "Neg"))
    proto = model([*NODES[:2], choice], shape=(2, 3, 9, 8), weights=W | {"c": np.asarray(True)})

    found = run(ir.to_proto(expose(ir.from_proto(proto), tensors=["y", "conv"])))

    np.testing.assert_allclose(found["y"], np.exp(np.maximum(found["conv"], 0)), rtol=1e-6)


@pytest.mark.parametrize("asked", [{"tensors": ["nothing"]}, {"tensors": [], "switches": ["nothing"]}])
def test_an_unknown_tensor_is_refused_by_name(asked: dict[str, Any]) -> None:
    with pytest.raises(NotFoundError, match="'nothing'"):
        expose(ir.from_proto(small()), **asked)


def test_switches_of_something_else_are_refused() -> None:
    with pytest.raises(NotFoundError, match="'relu' is not computed by a MaxPool"):
        expose(ir.from_proto(small()), tensors=[], switches=["relu"])


@needs_kernels
def test_marks_say_where_a_tensor_lies() -> None:
    mark = Mark(tensor="relu", low=0.0, high=0.5)
    exposed = ir.to_proto(expose(ir.from_proto(small(12)), tensors=["relu"], marks=[mark]))
    relu, marks = session_with_kernels(exposed).run(["relu", mark.name], {"x": X})
    assert marks.dtype == np.uint8
    np.testing.assert_array_equal(marks, (relu > 0) & (relu < 0.5))
