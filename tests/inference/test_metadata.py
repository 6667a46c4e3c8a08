"""What is told of a model."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import TensorProto, helper

import inspector
from inspector.errors import InvalidInputError, NotFoundError
from inspector.inference.metadata import model_metadata
from inspector.inference.naming import require_only_repository, require_version
from tests.support.graphs import model, node
from tests.support.in_process import engine_of
from tests.support.toys import toy_cnn


def test_free_sizes_are_minus_one() -> None:
    with inspector.load(toy_cnn(), device="cpu") as loaded:
        found = model_metadata(engine_of(loaded).model, name="toy")
    assert (found.name, list(found.versions), found.platform) == ("toy", ["1"], "onnxruntime_onnx")
    assert [(one.name, one.datatype, list(one.shape)) for one in found.inputs] == [
        ("x", "FP32", [-1, 3, 16, 16])
    ]
    assert [(one.name, one.datatype, list(one.shape)) for one in found.outputs] == [
        ("scores", "FP32", [-1, 5])
    ]


@pytest.mark.parametrize("declared", [True, False])
def test_fixed_sizes_are_told(declared: bool) -> None:
    nodes = [node("Conv", ["x", "w"], "y", kernel_shape=[1, 1])]
    weights = {"w": np.ones((2, 3, 1, 1), np.float32)}
    proto = model(nodes, shape=(4, 3, "height", 8), weights=weights)
    if declared:
        proto.graph.output[0].CopyFrom(
            helper.make_tensor_value_info("y", TensorProto.FLOAT, (4, 2, "height", 8))
        )
    with inspector.load(proto.SerializeToString(), device="cpu") as loaded:
        found = model_metadata(engine_of(loaded).model, name="m")
    assert list(found.inputs[0].shape) == [4, 3, -1, 8]
    assert list(found.outputs[0].shape) == [4, 2, -1, 8]


def test_there_is_one_version_and_one_repository() -> None:
    require_version("", field="version")
    require_version("1", field="version")
    with pytest.raises(NotFoundError, match="'2'"):
        require_version("2", field="version")
    require_only_repository("")
    with pytest.raises(InvalidInputError, match="one repository"):
        require_only_repository("other")
