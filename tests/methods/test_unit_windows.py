"""What units see, as results tell it: outside of it the map is zero, and nothing that is there is cut away."""

from __future__ import annotations

import numpy as np

import inspector
from inspector import Class, Unit
from tests.support.toys import toy_cnn, toy_photo


def test_the_map_of_a_unit_is_zero_outside_its_window() -> None:
    with inspector.load(toy_cnn(), device="cpu") as model:
        targets: list[Unit | Class] = [Unit("conv2", 1, (0, 0)), Unit("conv2", 1, (3, 2)), Class(1)]
        found = model.attribute(toy_photo(2), target=targets)
        assert found.targets[2].window == ()
        for one, values in zip(found.targets[:2], found.maps, strict=False):
            top, left, bottom, right = one.window
            inside = np.zeros(values.shape, bool)
            inside[:, top:bottom, left:right] = True
            assert not values[~inside].any()
            seen = np.argwhere(np.abs(values).max(axis=0))
            assert (*seen.min(axis=0), *(seen.max(axis=0) + 1)) == one.window
        cut = found.pictures(crop=True, plain=True)
        assert cut[0].size == (found.targets[0].window[3], found.targets[0].window[2])
