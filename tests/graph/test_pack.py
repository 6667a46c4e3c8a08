"""Packing: large weights lie beside the graph and are never copied."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
import pytest

from inspector.graph.pack import pack
from tests.support.graphs import model, node

LARGE = np.arange(40 * 30, dtype=np.float32).reshape(40, 30)
SMALL = np.ones(30, np.float32)


def dense(weight: np.ndarray = LARGE) -> ir.Model:
    return ir.from_proto(
        model([node("Gemm", ["x", "w", "b"], "y")], shape=(1, 40), weights={"w": weight, "b": SMALL})
    )


def test_large_weights_lie_beside_the_graph_and_small_ones_in_it() -> None:
    packed = pack(dense())
    proto = onnx.ModelProto.FromString(packed.graph)

    assert list(packed.weights) == ["w"]
    np.testing.assert_array_equal(packed.weights["w"], LARGE)
    located = {t.name: t.data_location for t in proto.graph.initializer}
    assert located == {"w": onnx.TensorProto.EXTERNAL, "b": onnx.TensorProto.DEFAULT}
    assert len(packed.graph) < LARGE.nbytes


def test_packing_shares_the_memory_of_the_weights() -> None:
    graph = dense()
    graph.graph.initializers["w"].const_value = ir.tensor(LARGE, name="w")

    first, second = pack(graph), pack(graph)

    assert np.shares_memory(first.weights["w"], LARGE)
    assert np.shares_memory(second.weights["w"], LARGE)


def test_the_model_is_not_changed() -> None:
    graph = dense()
    before = ir.to_proto(graph).SerializeToString()

    pack(graph)

    assert ir.to_proto(graph).SerializeToString() == before


@pytest.mark.parametrize("dtype", [np.float64, np.float16, np.int8, np.uint8, np.int32, np.int64])
def test_all_types_that_numpy_holds_are_packed(dtype: Any) -> None:
    array = np.arange(1200).reshape(40, 30).astype(dtype)

    np.testing.assert_array_equal(pack(dense(array)).weights["w"], array)


def test_types_that_numpy_lacks_stay_in_the_graph() -> None:
    proto = model([node("Cast", ["w"], "y", to=onnx.TensorProto.FLOAT)])
    proto.graph.initializer.append(
        onnx.helper.make_tensor("w", onnx.TensorProto.BFLOAT16, [2048], np.ones(2048).tolist())
    )

    packed = pack(ir.from_proto(proto))

    assert not packed.weights
    assert len(packed.graph) > 2 * 2048


def test_only_what_dense_layers_read_lies_beside_the_graph() -> None:
    weights = {"w": LARGE, "scale": LARGE.T.copy(), "both": np.ones((30, 30), np.float32)}
    nodes = [
        node("MatMul", ["x", "w"], "a"),
        node("MatMul", ["a", "both"], "b"),
        node("Add", ["b", "both"], "c"),
        node("MatMul", ["c", "scale"], "d"),
        node("Mul", ["scale", "d"], "y"),
    ]
    assert list(pack(ir.from_proto(model(nodes, shape=(30, 40), weights=weights))).weights) == ["w"]


@pytest.mark.parametrize(("then", "beside"), [("MatMul", ["w"]), ("Add", [])])
def test_quantized_weights_lie_beside_the_graph_where_dense_layers_read_them(
    then: str, beside: list[str]
) -> None:
    weights: dict[str, np.ndarray | np.generic] = {"w": LARGE.astype(np.int8), "s": np.float32(0.1)}
    nodes = [node("DequantizeLinear", ["w", "s"], "d"), node(then, ["x", "d"], "y")]
    graph = ir.from_proto(model(nodes, shape=(40, 40 if then == "MatMul" else 30), weights=weights))
    assert list(pack(graph).weights) == beside
