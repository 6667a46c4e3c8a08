"""Declared shapes against real ones, and batches of several images."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from tests.support.checked import cnn, findings, flattened, report, skipped
from tests.support.graphs import model, node

FLOAT = onnx.TensorProto.FLOAT


def declared(proto: onnx.ModelProto, name: str, shape: list[int | str]) -> onnx.ModelProto:
    info = onnx.helper.make_tensor_value_info(name, FLOAT, shape)
    outputs = {one.name: one for one in proto.graph.output}
    if name in outputs:
        outputs[name].CopyFrom(info)
    else:
        proto.graph.value_info.append(info)
    return proto


def test_an_output_of_another_size_than_declared_is_found() -> None:
    assert findings(cnn(), "declared-shapes") == ()
    (found,) = findings(declared(cnn(), "scores", ["batch", 6]), "declared-shapes")
    assert (found.subject, found.kind) == ("scores", "output")
    assert (found.measured, found.allowed) == ("2×5", "batch×6")


def test_an_output_whose_declared_batch_is_fixed_is_found() -> None:
    (found,) = findings(declared(cnn(), "scores", [1, 5]), "declared-shapes")
    assert (found.measured, found.allowed) == ("2×5", "1×5")
    assert findings(declared(cnn(batch=1), "scores", [1, 5]), "declared-shapes") == ()


@pytest.mark.parametrize("shape", [["batch", 6, 15, 16], [1, 6, 16, 16], ["batch", 6, 16]])
def test_a_tensor_within_the_graph_of_another_shape_is_found(shape: list[int | str]) -> None:
    proto = declared(cnn(), "relu1", shape)
    (found,) = findings(proto, "declared-shapes")
    assert (found.subject, found.kind, found.measured) == ("relu1", "tensor", "2×6×16×16")
    assert findings(proto, "declared-shapes", **{"declared-shapes.within": False}) == ()


@pytest.mark.parametrize("shape", [["batch", 6, 16, 16], ["n", 6, "h", "w"], ["batch", "c", 16, 16]])
def test_shapes_that_fit_are_in_order(shape: list[int | str]) -> None:
    assert findings(declared(cnn(), "relu1", shape), "declared-shapes") == ()


def test_a_constant_of_another_type_than_declared_is_found() -> None:
    proto = cnn()
    (weight, *_) = [one.name for one in proto.graph.initializer]
    proto.graph.value_info.append(onnx.helper.make_tensor_value_info(weight, onnx.TensorProto.INT64, None))
    (found,) = findings(proto, "declared-shapes")
    assert (found.subject, found.kind, found.measured, found.allowed) == (
        weight,
        "tensor",
        "float32",
        "int64",
    )
    assert findings(proto, "declared-shapes", **{"declared-shapes.within": False}) == ()


def test_a_fixed_batch_of_several_is_compared_with_a_run_of_so_many() -> None:
    proto = declared(declared(cnn(batch=4), "scores", [4, 5]), "conv1", [4, 6, 16, 16])
    assert findings(proto, "declared-shapes") == ()


def test_a_batch_that_works_is_in_order() -> None:
    assert findings(cnn(), "batch-works", "runs") == ()
    assert findings(flattened([0, -1]), "batch-works") == ()
    assert findings(flattened([-1, 8]), "batch-works") == ()


def test_a_fixed_batch_says_so_itself() -> None:
    assert "takes 1 at a time" in skipped(cnn(batch=1), "batch-works")


def test_a_free_batch_that_fails_is_found() -> None:
    found = findings(flattened([1, 32]), "batch-works")
    assert [one.measured for one in found] == ["2 images fail", "3 images fail"]
    assert all(one.subject == "x" and one.severity == "error" for one in found)
    assert findings(flattened([1, 32]), "runs") == ()


def test_a_batch_that_gives_one_answer_for_all_is_found() -> None:
    two, three = findings(flattened([1, -1]), "batch-works")
    assert (two.subject, two.kind) == ("flat", "output")
    assert (two.measured, two.allowed) == ("1×64", "2×32")
    assert three.measured == "1×96"


def test_an_answer_that_is_averaged_over_the_batch_is_found() -> None:
    nodes = [
        node("Conv", ["x", "w"], "conv", kernel_shape=[1, 1]),
        node("ReduceMean", ["conv"], "mean", axes=[0, 2, 3], keepdims=1),
        node("Flatten", ["mean"], "scores"),
    ]
    weights: dict[str, np.ndarray | np.generic] = {"w": np.ones((4, 3, 1, 1), np.float32)}
    two, _ = findings(model(nodes, shape=("n", 3, 4, 4), weights=weights), "batch-works")
    assert (two.measured, two.allowed) == ("1×4", "2×4")


def test_what_is_declared_as_one_for_a_whole_batch_is_in_order() -> None:
    nodes = [
        node("Conv", ["x", "w"], "conv", kernel_shape=[1, 1]),
        node("ReduceMax", ["conv"], "largest", axes=[0], keepdims=1),
        node("Relu", ["largest"], "rectified"),
        node("Sub", ["conv", "rectified"], "scores"),
    ]
    weights: dict[str, np.ndarray | np.generic] = {"w": np.ones((4, 3, 1, 1), np.float32)}
    proto = onnx.shape_inference.infer_shapes(model(nodes, shape=("n", 3, 4, 4), weights=weights))
    assert findings(proto, "declared-shapes", "batch-works") == ()


def test_an_output_that_does_not_depend_on_the_image_need_not_grow() -> None:
    proto = cnn()
    proto.graph.node.append(node("Mul", ["b3", "b3"], "anchors"))
    proto.graph.output.append(onnx.helper.make_tensor_value_info("anchors", FLOAT, [5]))
    assert findings(proto, "batch-works", "declared-shapes") == ()


def test_a_model_that_does_not_run_is_found() -> None:
    proto = flattened([1, 31], batch=1)
    (found,) = findings(proto, "runs")
    assert (found.severity, found.measured) == ("error", "fails")
    assert "flat" in found.message
    assert "does not run" in skipped(proto, "declared-shapes")


def test_a_model_of_free_size_is_tried_at_usual_sizes() -> None:
    nodes = [
        node("Conv", ["x", "w"], "conv", kernel_shape=[3, 3]),
        node("GlobalAveragePool", ["conv"], "pool"),
        node("Flatten", ["pool"], "scores"),
    ]
    weights: dict[str, np.ndarray | np.generic] = {"w": np.ones((4, 3, 3, 3), np.float32)}
    proto = model(nodes, shape=("n", 3, "h", "w"), weights=weights)
    found = report(proto, "runs", "batch-works", "declared-shapes", "macs")
    assert found.findings == ()
    assert found.facts["macs"] == 4 * 27 * 222 * 222
