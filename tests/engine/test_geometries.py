"""Gradients over random settings of what changes the size of a map, against central differences in ONNX Runtime."""

from __future__ import annotations

import numpy as np
import pytest

import inspector
from inspector import Class
from tests.support.geometries import Geometry, drawn
from tests.support.sessions import plain_session

pytestmark = pytest.mark.slow

MODELS = 270
STEP = 2e-3


@pytest.mark.parametrize("seed", [3])
def test_gradients_are_central_differences(seed: int) -> None:
    found = {geometry.name: _error(geometry) for geometry in drawn(seed, MODELS)}
    wrong = {name: error for name, error in found.items() if not error < 2e-2}
    assert not wrong
    assert len(found) > 0.8 * MODELS


def _error(geometry: Geometry) -> float:
    """Return how far the gradient along a random direction is from the difference, as a share of its norm's part."""
    rng = np.random.default_rng(7)
    x = rng.uniform(0.2, 1.0, geometry.shape).astype(np.float32)
    direction = rng.standard_normal(geometry.shape).astype(np.float32)
    direction /= np.linalg.norm(direction)
    with inspector.load(geometry.proto.SerializeToString(), device="cpu") as model:
        gradient = model.attribute(x, target=Class(0)).maps.astype(np.float64)
    session = plain_session(geometry.proto)
    ahead, behind = (session.run(None, {"x": x + sign * STEP * direction})[0] for sign in (1, -1))
    slope = float(ahead[0, 0] - behind[0, 0]) / (2 * STEP)
    return abs(float(np.sum(gradient * direction)) - slope) / (float(np.linalg.norm(gradient)) + 1e-6)
