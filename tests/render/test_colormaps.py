"""Color maps: their ends, and that light means more, for every color vision."""

from __future__ import annotations

import numpy as np
import pytest

from inspector.render.colormaps import CATEGORIES, OTHER_CATEGORY, Colormap, colorize


def luminance(colors: np.ndarray) -> np.ndarray:
    """Relative luminance of sRGB (IEC 61966-2-1)."""
    scaled = colors / 255.0
    linear = np.where(scaled <= 0.04045, scaled / 12.92, ((scaled + 0.055) / 1.055) ** 2.4)
    return linear @ np.array([0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("name", [Colormap.GRAY, Colormap.HEAT])
def test_more_is_lighter(name: Colormap) -> None:
    light = luminance(colorize(np.linspace(0, 1, 256), name).astype(float))
    assert (np.diff(light) >= 0).all()
    assert light[0] < 0.01
    assert light[-1] > 0.9


def test_diverging_is_lightest_at_zero_and_darkens_to_both_sides() -> None:
    light = luminance(colorize(np.linspace(-1, 1, 257), Colormap.DIVERGING).astype(float))
    assert light.argmax() == 128
    assert (np.diff(light[:129]) >= 0).all()
    assert (np.diff(light[128:]) <= 0).all()


def test_diverging_ends_differ_in_blue_which_red_green_blindness_leaves() -> None:
    below, above = colorize(np.array([-0.75, 0.75]), Colormap.DIVERGING).astype(int)
    assert below[2] - above[2] > 100
    assert above[0] - below[0] > 100


def test_out_of_range_takes_the_ends_color() -> None:
    assert colorize(np.array([-3.0, 4.0]), Colormap.GRAY).tolist() == [[0] * 3, [255] * 3]


def test_shape_and_type() -> None:
    colors = colorize(np.zeros((4, 5)), Colormap.HEAT)
    assert colors.shape == (4, 5, 3)
    assert colors.dtype == np.uint8


def test_categories_differ() -> None:
    assert len({*CATEGORIES, OTHER_CATEGORY}) == len(CATEGORIES) + 1
