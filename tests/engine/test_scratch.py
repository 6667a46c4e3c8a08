"""The gradient of a convolution with few channels, which holds no more for itself than is set."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import inspector
from inspector.engine import sessions
from inspector.grad.ways import convolution
from inspector.runtime.session import Session
from inspector.types.arrays import Array
from tests.support.graphs import model, node


def _gradient(monkeypatch: pytest.MonkeyPatch, filters: Array, x: Array) -> tuple[Array, bool]:
    """Return the gradient, and whether it is computed by a ConvTranspose."""
    graphs: list[bytes] = []

    class Watched(Session):
        def __init__(self, graph: bytes, **given: Any) -> None:
            graphs.append(graph)
            super().__init__(graph, **given)

    graph = model(
        [node("Conv", ["x", "w"], "c", pads=[2, 1, 0, 1]), node("Sigmoid", ["c"], "y")],
        shape=(1, 3, 12, 10),
        weights={"w": filters},
    )
    monkeypatch.setattr(sessions, "Session", Watched)
    with inspector.load(graph.SerializeToString(), device="cpu") as loaded:
        maps = loaded.attribute(x, method="saliency", target=inspector.Element("c", (1, 4, 5))).maps
    return maps, any(b"ConvTranspose" in one for one in graphs)


@pytest.mark.parametrize("kernel", [(3, 3), (5, 3)])
def test_it_is_the_flipped_convolution_where_the_other_way_holds_too_much(
    monkeypatch: pytest.MonkeyPatch, kernel: tuple[int, int]
) -> None:
    rng = np.random.default_rng(0)
    filters = rng.standard_normal((8, 3, *kernel)).astype(np.float32)
    x = rng.standard_normal((1, 3, 12, 10)).astype(np.float32)

    usual, is_transposed = _gradient(monkeypatch, filters, x)
    assert is_transposed

    monkeypatch.setattr(convolution, "_MOST_SCRATCH", 0)
    flipped, is_transposed = _gradient(monkeypatch, filters, x)

    assert not is_transposed
    assert np.abs(usual).max() > 0
    np.testing.assert_allclose(flipped, usual, rtol=0, atol=1e-6 * float(np.abs(usual).max()))
