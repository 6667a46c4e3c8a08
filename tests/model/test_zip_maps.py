"""Models that end in a map from classes to scores, as sklearn-onnx and Custom Vision write them."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

import inspector
from tests.support.graphs import model, node
from tests.support.sessions import plain_session

RNG = np.random.default_rng(0)
X = RNG.random((2, 3, 12, 12), np.float32)


def zipped(**classes: Any) -> onnx.ModelProto:
    """Return a network with two outputs: the best class's name, and a map per image."""
    proto = model(
        [
            node("Conv", ["x", "w"], "c"),
            node("Relu", ["c"], "r"),
            node("GlobalAveragePool", ["r"], "g"),
            node("Flatten", ["g"], "f"),
            node("Softmax", ["f"], "p", axis=1),
            node("ArgMax", ["p"], "best", axis=1),
            node("ArrayFeatureExtractor", ["names", "best"], "label", domain="ai.onnx.ml"),
            node("ZipMap", ["p"], "scores", domain="ai.onnx.ml", **classes),
        ],
        shape=("N", 3, 12, 12),
        weights={"w": RNG.standard_normal((3, 3, 3, 3)).astype(np.float32)},
        opset=12,
    )
    proto.graph.initializer.append(helper.make_tensor("names", TensorProto.STRING, [3], [b"a", b"b", b"c"]))
    key = TensorProto.STRING if "classlabels_strings" in classes else TensorProto.INT64
    of_maps = helper.make_sequence_type_proto(
        helper.make_map_type_proto(key, helper.make_tensor_type_proto(TensorProto.FLOAT, []))
    )
    del proto.graph.output[:]
    proto.graph.output.extend(
        [
            helper.make_tensor_value_info("label", TensorProto.STRING, [None, 1]),
            helper.make_value_info("scores", of_maps),
        ]
    )
    proto.opset_import.append(helper.make_opsetid("ai.onnx.ml", 1))
    return proto


@pytest.mark.parametrize(
    ("classes", "labels"),
    [
        ({"classlabels_strings": ["dog", "cat", "axe"]}, ("dog", "cat", "axe")),
        ({"classlabels_int64s": [7, 5, 3]}, ("7", "5", "3")),
    ],
    ids=["names", "numbers"],
)
def test_a_map_of_scores_is_their_tensor_and_names_the_classes(
    classes: dict[str, Any], labels: tuple[str, ...]
) -> None:
    proto = zipped(**classes)
    maps = plain_session(proto).run(["scores"], {"x": X})[0]
    with inspector.load(proto.SerializeToString(), device="cpu") as loaded:
        assert loaded.info.labels == labels
        assert [output.name for output in loaded.info.outputs] == ["scores"]
        for prediction, right in zip(loaded.predict(X), maps, strict=True):
            found = {one.label: one.probability for one in prediction.classes}
            assert found == pytest.approx({str(key): value for key, value in right.items()}, rel=1e-5)
        assert loaded.attribute(X).maps.any()
