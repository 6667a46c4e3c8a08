"""Models on which a method has nothing to say: a named error, or an answer, and no exception of Python's."""

from __future__ import annotations

import numpy as np
import pytest

from inspector.errors import InvalidInputError
from inspector.face.load import load
from tests.support.graphs import model, node


def test_a_divisor_gets_no_relevance_and_that_is_said() -> None:
    proto = model(
        [node("Div", ["w", "x"], "y")], shape=(2, 3, 1, 1), weights={"w": np.ones((2, 1, 4, 5), np.float32)}
    )
    with load(proto.SerializeToString(), device="cpu") as loaded:
        x = np.ones((2, 3, 1, 1), np.float32)
        assert loaded.attribute(x, method="saliency")
        with pytest.raises(InvalidInputError, match="hands nothing on to 'x'") as caught:
            loaded.attribute(x, method="lrp")
    assert caught.value.reason == "NOT_DIFFERENTIABLE"


def test_maps_whose_last_axis_is_one_of_the_images_are_placed() -> None:
    nodes = [node("DFT", ["x", "n", "axis"], "y", onesided=0)]
    weights = {"n": np.int64(6), "axis": np.int64(1)}
    proto = model(nodes, shape=(2, 6, 3, 1), weights=weights, opset=20)
    with load(proto.SerializeToString(), device="cpu") as loaded:
        x = np.ones((1, 6, 3, 1), np.float32)
        assert loaded.attribute(x, method="gradcam", target=0).maps.shape == (1, 6, 3, 1)
