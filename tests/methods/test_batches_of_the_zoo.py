"""Every model of the zoo and every method: what two images get together is what each gets alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import inspector
from inspector.errors import UnsupportedOperatorError
from inspector.face.local import LocalBackend
from inspector.methods.catalog import method_names
from tests.support.zoo import Zoo, zoo_models
from tests.support.zoo_subjects import subject

pytestmark = pytest.mark.slow

CHEAP: dict[str, dict[str, Any]] = {
    "integrated_gradients": {"steps": 2},
    "smoothgrad": {"samples": 2},
    "rise": {"masks": 4},
}
TOLERANCE, HALF_TOLERANCE = 2e-4, 2e-2
"""Of the maximum: other kernels for other sizes, and one step of half precision."""
LARGE, HUGE = 4 * 10**6, 5 * 10**7
"""Values of an image times layers; above, a run takes long, or seconds (the style network's 720 × 720)."""
FEW = ("saliency", "rise")
"""The methods for large models, one of each way of using batches."""


@pytest.fixture(scope="module", params=zoo_models())
def two(request: pytest.FixtureRequest, zoo: Zoo) -> tuple[inspector.Model, np.ndarray]:
    one = subject(zoo, request.param)
    other = np.flip(one.x, axis=2 if one.engine.model.input.layout == "NHWC" else -1)
    # Another image, of another range, still of the dtype: what is measured over a batch would show.
    x = np.concatenate([one.x, (other // 2 if one.x.dtype.kind in "ui" else other * 0.5).astype(one.x.dtype)])
    if one.x.size * len(one.engine.model.layers) > HUGE:
        pytest.skip("its runs take seconds")
    return inspector.Model(LocalBackend(one.engine), name=request.param), x


def close(found: np.ndarray, expected: Sequence[np.ndarray]) -> None:
    whole = np.concatenate(list(expected)).astype(np.float64)
    assert found.shape == whole.shape
    tolerance = HALF_TOLERANCE if found.dtype == np.float16 else TOLERANCE
    np.testing.assert_allclose(found, whole, rtol=0, atol=tolerance * np.abs(whole).max())


def test_predictions_and_a_layer(two: tuple[inspector.Model, np.ndarray]) -> None:
    ours, x = two
    layers = ours.layers()
    layer = layers[len(layers) // 2].name

    together = ours.predict(x)
    singles = [ours.predict(one[None])[0] for one in x]

    for found, alone in zip(together, singles, strict=True):
        assert [c.index for c in found.classes] == [c.index for c in alone.classes]
        np.testing.assert_allclose(
            [c.score for c in found.classes], [c.score for c in alone.classes], rtol=1e-2
        )
    close(
        ours.activations(x, layers=[layer])[layer],
        [ours.activations(one[None], layers=[layer])[layer] for one in x],
    )


def test_maps(two: tuple[inspector.Model, np.ndarray]) -> None:
    """By every method; for large models by one of each way of using batches, by one where images always run alone."""
    ours, x = two
    description = ours.describe()
    work = x[0].size * description.layer_count
    few = FEW[:1] if description.input.batch == 1 else FEW if work > LARGE else method_names()
    tried = [_try(ours, x, method) for method in few]
    assert any(tried)


def _try(ours: inspector.Model, x: np.ndarray, method: str) -> bool:
    """Compare the maps of two images together with those of each; False where the method cannot explain the model."""
    options = CHEAP.get(method, {})
    try:
        singles = [ours.attribute(one[None], method=method, **options) for one in x]
    except UnsupportedOperatorError:
        return False

    found = ours.attribute(x, method=method, **options)

    assert [t.spans for t in found.targets] == [t.spans for one in singles for t in one.targets], method
    for index, alone in enumerate(singles):
        close(found.maps[index : index + 1], [alone.maps])
    return True
