"""Our maps against those of PyTorch and Captum on the same weights (tests/goldens/make_goldens.py made them)."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import inspector
from tests.goldens.golden import Golden, GoldenMap
from tests.support.kernels import WAYS

ROOT = Path(__file__).parents[1]
GOLDENS = {path.stem: Golden.load(path) for path in sorted((ROOT / "tests" / "goldens").glob("*.npz"))}
TOLERANCE = 1e-4
"""Of the largest magnitude in the map."""

loaded = cache(inspector.load)


def model_of(name: str, request: pytest.FixtureRequest) -> Path:
    if name == "demo":
        return ROOT / "demo" / "model" / "demo.onnx"
    return request.getfixturevalue("zoo").model(name)


def target_of(golden: GoldenMap) -> inspector.Class | inspector.Unit:
    if golden.layer is None:
        return inspector.Class(golden.channel)
    return inspector.Unit(golden.layer, golden.channel, golden.position)


def test_the_demo_and_three_models_of_the_zoo_have_goldens() -> None:
    assert "demo" in GOLDENS
    assert len(GOLDENS) >= 4


@pytest.mark.parametrize("name", GOLDENS)
def test_the_goldens_are_of_this_very_model(name: str, request: pytest.FixtureRequest) -> None:
    sha256 = hashlib.sha256(model_of(name, request).read_bytes()).hexdigest()
    assert sha256 == GOLDENS[name].sha256, "the model has changed: run tests/goldens/make_goldens.py again"


@pytest.mark.parametrize(
    ("name", "index"),
    [
        pytest.param(name, index, id=f"{name}-{golden.id}")
        for name, goldens in GOLDENS.items()
        for index, golden in enumerate(goldens.maps)
    ],
)
@WAYS
@pytest.mark.usefixtures("kernels")
def test_maps_equal_captums(name: str, index: int, request: pytest.FixtureRequest) -> None:
    goldens = GOLDENS[name]
    golden = goldens.maps[index]
    model = loaded(model_of(name, request), device="cpu")

    ours = model.attribute(goldens.input(golden.image), method=golden.method, target=target_of(golden))

    (target,) = ours.targets
    assert target.value == pytest.approx(golden.value, rel=1e-4)
    # Captum starts every map with 1; the paper's projection of a unit starts with the activation itself.
    seed = golden.value if golden.method == "deconvnet" and golden.layer is not None else 1.0
    found = ours.maps[0].ravel() / seed
    allowed = TOLERANCE * golden.largest
    np.testing.assert_allclose(found[goldens.positions], goldens.values[index], rtol=0, atol=allowed)
    assert np.abs(found).max() == pytest.approx(golden.largest, abs=allowed)
    assert found.sum(dtype=np.float64) == pytest.approx(golden.total, abs=allowed * np.sqrt(found.size))
