"""Every target on every image: the same maps as one by one, by every method."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import inspector
from inspector import Class, Combination, Unit
from inspector.errors import InvalidInputError
from inspector.types.options import MethodInfo
from inspector.types.targets import TargetLike
from tests.support.small_cnn import images, small_cnn

X = images(3, seed=6)
TARGETS: list[TargetLike] = [Class(1), Unit("conv2", 3), Combination([None, None])]
FEW = {"steps": 5, "samples": 4, "masks": 30}


@pytest.fixture(scope="module", params=["n", 2])
def ours(request: pytest.FixtureRequest) -> Iterator[inspector.Model]:
    with inspector.load(small_cnn(head="Softmax", batch=request.param), device="cpu") as loaded:
        yield loaded


@pytest.mark.parametrize("method", inspector.attribution_methods(), ids=lambda method: method.name)
def test_it_is_what_each_image_gives(ours: inspector.Model, method: MethodInfo) -> None:
    options: dict[str, Any] = {one.name: FEW[one.name] for one in method.options if one.name in FEW}
    name = method.name
    found = ours.attribute(X, method=name, target=TARGETS, cross=True, **options)

    assert [one.image for one in found.targets] == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    for image in range(3):
        alone = ours.attribute(X[image], method=name, target=TARGETS, **options)
        rows = slice(3 * image, 3 * image + 3)
        np.testing.assert_allclose(found.maps[rows], alone.maps, atol=1e-5 * max(np.abs(alone.maps).max(), 1))
        assert [str(one) for one in found.targets[rows]] == [str(one) for one in alone.targets]
        assert found.layers[rows] == alone.layers


def test_one_target_or_one_image_is_crossed_anyway(ours: inspector.Model) -> None:
    for x, target in ((X, 1), (X[:1], [0, 1, 2])):
        one, other = (ours.attribute(x, target=target, cross=cross) for cross in (True, False))
        np.testing.assert_array_equal(one.maps, other.maps)


def test_as_many_of_both_are_pairs_unless_crossed(ours: inspector.Model) -> None:
    pairs = ours.attribute(X, target=[0, 1, 2])
    crossed = ours.attribute(X, target=[0, 1, 2], cross=True)

    assert len(pairs.maps) == 3
    assert len(crossed.maps) == 9
    np.testing.assert_allclose(crossed.maps[[0, 4, 8]], pairs.maps, atol=1e-6)


def test_it_is_offered_where_targets_and_images_do_not_go_together(ours: inspector.Model) -> None:
    with pytest.raises(InvalidInputError, match="cross=True"):
        ours.attribute(X, target=[0, 1])
