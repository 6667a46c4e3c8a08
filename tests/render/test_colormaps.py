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


def cielab(colors: np.ndarray) -> np.ndarray:
    """CIELAB (CIE 15, D65) of sRGB colors 0..255 (IEC 61966-2-1)."""
    scaled = colors / 255.0
    linear = np.where(scaled <= 0.04045, scaled / 12.92, ((scaled + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array(
        [
            [0.4124564, 0.3575761, 0.1804375],
            [0.2126729, 0.7151522, 0.0721750],
            [0.0193339, 0.1191920, 0.9503041],
        ]
    )
    relative = linear @ to_xyz.T / to_xyz.sum(axis=1)
    bent = np.where(relative > (6 / 29) ** 3, np.cbrt(relative), relative / (3 * (6 / 29) ** 2) + 4 / 29)
    x, y, z = np.moveaxis(bent, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def unevenness(colors: np.ndarray) -> float:
    """The largest step in CIELAB (ΔE*ab 1976) over the smallest, of steps that are equal in the value."""
    steps = np.linalg.norm(np.diff(cielab(colors.astype(float)), axis=0), axis=1)
    return float(steps.max() / steps.min())


def test_the_judge_of_evenness_knows_colors() -> None:
    found = cielab(np.array([[255.0, 255, 255], [0, 0, 0], [255, 0, 0], [119, 119, 119]]))
    np.testing.assert_allclose(
        found, np.array([[100.0, 0, 0], [0, 0, 0], [53.24, 80.09, 67.20], [50.03, 0, 0]]), atol=0.02
    )
    rainbow = np.array([[0, 0, 255], [0, 255, 255], [0, 255, 0], [255, 255, 0], [255, 0, 0]])
    stops = np.linspace(0, 1, 5)
    jet = np.stack([np.interp(np.linspace(0, 1, 33), stops, rainbow[:, one]) for one in range(3)], axis=-1)
    assert unevenness(jet) > 5  # a map that is not even is found


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        (Colormap.GRAY, 0, 1),
        (Colormap.HEAT, 0, 1),
        (Colormap.DIVERGING, -1, 0),
        (Colormap.DIVERGING, 0, 1),
    ],
)
def test_equal_steps_of_the_value_are_equal_steps_to_the_eye(name: Colormap, low: float, high: float) -> None:
    colors = colorize(np.linspace(low, high, 33), name)
    assert unevenness(colors) < 1.5
    lightness = np.diff(cielab(colors.astype(float))[:, 0])
    assert (lightness > 0).all() if name is not Colormap.DIVERGING or high == 0 else (lightness < 0).all()
    assert np.abs(lightness).max() / np.abs(lightness).min() < 1.75


def test_both_arms_of_the_diverging_map_go_equally_far() -> None:
    steps = np.linspace(0, 1, 33)
    below, above = (cielab(colorize(sign * steps, Colormap.DIVERGING).astype(float)) for sign in (-1, 1))
    np.testing.assert_allclose(below[:, 0], above[:, 0], atol=2)
    lengths = [np.linalg.norm(np.diff(arm, axis=0), axis=1).sum() for arm in (below, above)]
    assert lengths[0] == pytest.approx(lengths[1], rel=0.08)


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
