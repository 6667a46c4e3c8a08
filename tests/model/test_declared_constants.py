"""Constants that a file declares of another type than they hold, as ONNX's version converter leaves them behind."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper

import inspector
from tests.support.graphs import model, node

WHOLE = helper.make_tensor("whole", TensorProto.INT64, [1], [3])
HELD: dict[str, dict[str, Any] | None] = {
    "value": {"value": WHOLE},
    "value_int": {"value_int": 3},
    "value_ints": {"value_ints": [3]},
    "initializer": None,
}


@pytest.mark.parametrize("listed", ["value_info", "output"])
@pytest.mark.parametrize("held", HELD.values(), ids=HELD)
def test_a_constant_is_what_it_holds_as_in_the_runtime(held: dict[str, Any] | None, listed: str) -> None:
    nodes = [node("Cast", ["c"], "f", to=TensorProto.FLOAT), node("Add", ["x", "f"], "y")]
    if held is not None:
        nodes.insert(0, node("Constant", [], "c", **held))
    proto = model(nodes, shape=(1, 3, 4, 4), weights={"c": np.array([3], np.int64)} if held is None else {})
    getattr(proto.graph, listed).append(helper.make_tensor_value_info("c", TensorProto.FLOAT, None))
    data, image = proto.SerializeToString(), np.ones((1, 3, 4, 4), np.float32)
    expected = ort.InferenceSession(data).run(None, {"x": image})
    with inspector.load(data, device="cpu") as loaded:
        outputs = loaded.info.outputs
        assert [one.dtype for one in outputs] == [one.dtype.name for one in expected]
        engine = loaded.backend.engine  # type: ignore[attr-defined]
        found = engine.fetch(image, [one.name for one in outputs])
        for one, values in zip(outputs, expected, strict=True):
            np.testing.assert_array_equal(found[one.name].numpy(), values)
