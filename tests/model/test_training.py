"""BatchNormalization in training mode answers the same with every run, its constants being a fresh layer's."""

from __future__ import annotations

import numpy as np
import pytest
from onnx.reference import ReferenceEvaluator

import inspector
from inspector.errors import UnsupportedOperatorError
from tests.support.graphs import model, node

RNG = np.random.default_rng(0)
FRESH = {
    "ones": np.ones(6, np.float32),
    "zeros": np.zeros(6, np.float32),
    "mean": np.zeros(6, np.float32),
    "variance": np.ones(6, np.float32),
}


def test_equal_constants_do_not_drift() -> None:
    proto = model(
        [
            node("Conv", ["x", "w"], "c"),
            node("Relu", ["c"], "r"),
            node("BatchNormalization", ["r", *FRESH], ["n", "m1", "v1"], training_mode=1),
            node("Sigmoid", ["n"], "s"),
            node("BatchNormalization", ["s", *FRESH], ["k", "m2", "v2"], training_mode=1),
            node("Neg", ["k"], "y"),
        ],
        shape=("n", 3, 8, 8),
        weights={"w": RNG.standard_normal((6, 3, 3, 3)).astype(np.float32), **FRESH},
        outputs=["y"],
    )
    x = RNG.standard_normal((2, 3, 8, 8)).astype(np.float32)
    expected = np.concatenate([ReferenceEvaluator(proto).run(None, {"x": one[None]})[0] for one in x])

    with inspector.load(proto.SerializeToString(), device="cpu") as ours:
        for _ in range(3):
            found = ours.activations(x, layers=["y"])
            np.testing.assert_allclose(found["y"], expected, atol=1e-4)
        with pytest.raises(UnsupportedOperatorError, match="training mode"):
            ours.attribute(x, target=inspector.Element("y"))

    assert "ran_alone" in [note.id for note in found.notes]
