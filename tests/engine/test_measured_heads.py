"""Heads of which runs on images that show nothing must tell: as many as it takes to know, and no more."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from inspector.engine.heads import MeasuredHeads
from inspector.model.read import read_model
from inspector.model.spec import OnnxModel
from inspector.types.arrays import Array
from tests.support.graphs import model, node


def _ending_in_a_mean() -> OnnxModel:
    weights = {"w": np.ones((4, 3, 1, 1), np.float32)}
    nodes = [
        node("Conv", ["x", "w"], "sums"),
        node("Relu", ["sums"], "maps"),
        node("GlobalAveragePool", ["maps"], "means"),
        node("Flatten", ["means"], "y"),
    ]
    return read_model(model(nodes, shape=(1, 3, 8, 8), weights=weights).SerializeToString())


@pytest.mark.parametrize(
    ("answers", "runs", "is_sure"),
    [
        ([[0.25] * 4] * 3, 3, True),
        ([[2.0] * 4] * 3, 1, False),
        ([[0.25] * 4, [0.5] * 4, [0.25] * 4], 2, False),
    ],
)
def test_the_first_image_that_sums_to_something_else_decides(
    answers: list[list[float]], runs: int, is_sure: bool
) -> None:
    asked = []

    def run(image: Array, tensors: Sequence[str]) -> dict[str, Array]:
        asked.append(image)
        return {name: np.asarray(answers[len(asked) - 1], np.float32) for name in tensors}

    head = MeasuredHeads(_ending_in_a_mean(), run=run).of("y")
    assert head.holds_probabilities == is_sure
    assert len(asked) == runs
