"""Tensors of a model that was read stand alone: none keeps the parsed message."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from onnx import TensorProto, helper, numpy_helper

from inspector.model.read import read_model
from inspector.model.rewriting.hold import hold_tensors
from tests.support.graphs import model, node

WEIGHTS = np.arange(4800, dtype=np.float32).reshape(3, 1600)


def tensors(graph: ir.Graph) -> Iterator[ir.TensorProtocol]:
    yield from (value.const_value for value in graph.initializers.values() if value.const_value is not None)
    for each in graph.all_nodes():
        for attribute in each.attributes.values():
            if attribute.type == ir.AttributeType.TENSOR:
                yield attribute.as_tensor()
            elif attribute.type == ir.AttributeType.TENSORS:
                yield from attribute.as_tensors()


def test_initializers_and_constants_hold_their_own_values() -> None:
    constant = helper.make_node("Constant", [], ["c"], value=numpy_helper.from_array(WEIGHTS))
    proto = model(
        [constant, node("MatMul", ["x", "w"], "h"), node("MatMul", ["h", "c"], "y")],
        shape=(1, 8),
        weights={"w": np.ones((8, 3), np.float32)},
    )

    found = list(tensors(read_model(proto.SerializeToString()).ir.graph))

    assert len(found) == 2
    assert not any(isinstance(tensor, ir.TensorProtoTensor) for tensor in found)
    np.testing.assert_array_equal(next(t for t in found if t.size == WEIGHTS.size).numpy(), WEIGHTS)


@pytest.mark.parametrize("dtype", ["BFLOAT16", "INT4", "UINT4", "FLOAT8E4M3FN", "FLOAT16", "BOOL", "STRING"])
def test_every_kind_of_values_stays_what_it_was(dtype: str) -> None:
    kind = getattr(TensorProto, dtype)
    values = ["a", "b", "c"] if dtype == "STRING" else [1, 0, 1]
    proto = model([node("Identity", ["w"], "y")], shape=(1, 3))
    proto.graph.initializer.append(helper.make_tensor("w", kind, [3], values))
    graph = ir.from_proto(proto)
    before = graph.graph.initializers["w"].const_value

    hold_tensors(graph, None)

    after = graph.graph.initializers["w"].const_value
    assert not isinstance(after, ir.TensorProtoTensor)
    assert after.dtype == before.dtype
    np.testing.assert_array_equal(after.numpy(), before.numpy())
    written = onnx.ModelProto.FromString(ir.to_proto(graph).SerializeToString()).graph.initializer[0]
    np.testing.assert_array_equal(
        numpy_helper.to_array(written), numpy_helper.to_array(proto.graph.initializer[0])
    )
