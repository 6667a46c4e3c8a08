"""What shapes are inferred from after a model was read."""

from __future__ import annotations

import sys

import numpy as np
import onnx
import onnx.parser
import pytest
from onnx import numpy_helper

from inspector.graph.batch.plan import plan_batches
from inspector.model.outline import outline_of
from inspector.model.read import read_model

MODEL = """
<ir_version: 8, opset_import: ["": 17]>
agraph (float[N, 3, H, W] x) => (float[N, 16] y) {
    filters_again = Identity (filters)
    bias_again = Identity (bias)
    sums = Conv <kernel_shape = [5, 5]> (x, filters_again, bias_again)
    means = GlobalAveragePool (sums)
    rows = Identity (shape)
    y = Reshape (means, rows)
}
"""


def _model() -> onnx.ModelProto:
    proto = onnx.parser.parse_model(MODEL)
    proto.graph.initializer.extend(
        (
            numpy_helper.from_array(np.ones((16, 3, 5, 5), np.float32), "filters"),
            numpy_helper.from_array(np.ones(16, np.float32), "bias"),
            numpy_helper.from_array(np.array([-1, 16], np.int64), "shape"),
        )
    )
    return proto


def test_only_large_weights_are_left_out() -> None:
    proto = _model()
    outline = onnx.ModelProto.FromString(outline_of(proto))
    kept = {one.name: one for one in outline.graph.initializer}
    assert kept["filters"].dims == [16, 3, 5, 5]
    assert not kept["filters"].raw_data
    assert numpy_helper.to_array(kept["bias"]).tolist() == [1] * 16
    assert list(outline.graph.node) == list(proto.graph.node)


def test_shapes_of_other_sizes_follow_from_it() -> None:
    model = read_model(_model().SerializeToString())
    assert len(model.outline) < model.size / 2
    plan = plan_batches(model, (3, 9, 7))
    assert plan.shapes["sums"] == (1, 16, 5, 3)
    assert plan.of("y").is_separate


def test_what_an_identity_hands_on_needs_no_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package of reference implementations takes as long to import as a small model to read."""
    monkeypatch.setitem(sys.modules, "onnx.reference", None)
    model = read_model(_model().SerializeToString())
    assert model.shapes["y"] == (1, 16)
    assert model.shapes["bias_again"] == (16,)
