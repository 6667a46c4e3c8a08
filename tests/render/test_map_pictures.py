"""Maps as people see them: the title, the scale, the photograph below, and the window of a unit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from inspector.errors import InvalidInputError
from inspector.render.colormaps import Colormap, colorize
from inspector.render.scales import scale_of
from inspector.types.results.maps import Maps
from tests.render.test_pictures import SIZE, maps_of, pixels, target

KINDS = ("saliency", "signed", "heat", "projection")


@pytest.mark.parametrize("kind", KINDS)
def test_the_values_lie_inside_the_frame_as_squares(kind: str) -> None:
    found = maps_of(kind)
    plain, framed = pixels(found.to_pil(plain=True)), pixels(found.to_pil())
    assert plain.shape == (SIZE, SIZE, 3)
    factor = 240 // SIZE
    large = np.repeat(np.repeat(plain, factor, axis=0), factor, axis=1)
    assert framed.shape[1] == large.shape[1]
    rows = framed.shape[0] - large.shape[0]
    assert any(np.array_equal(framed[top : top + len(large)], large) for top in range(rows))


@pytest.mark.parametrize("kind", KINDS)
def test_the_title_names_the_class_and_the_method(kind: str) -> None:
    found = maps_of(kind)
    other_class = replace(found, targets=(replace(found.targets[0], label="dog"),))
    other_value = replace(found, targets=(replace(found.targets[0], value=2.5),))
    drawn = pixels(found.to_pil())
    for changed in (other_class, other_value, replace(found, method="n")):
        again = pixels(changed.to_pil())
        rows = np.flatnonzero((drawn != again).any(axis=(1, 2)))
        assert len(rows) > 0
        assert rows.max() < 45


@pytest.mark.parametrize("kind", KINDS)
def test_the_scale_tells_the_range(kind: str) -> None:
    found = maps_of(kind)
    louder = replace(found, maps=found.maps * 10)
    drawn, again = pixels(found.to_pil()), pixels(louder.to_pil())
    assert drawn.shape == again.shape
    rows = np.flatnonzero((drawn != again).any(axis=(1, 2)))
    assert len(rows)
    assert rows.min() > 240  # the colors are the same, the numbers below are not


def test_scales_are_those_of_the_drawings() -> None:
    values = np.zeros((3, 4, 4), np.float32)
    values[0, 0, 0], values[1, 0, 0], values[2, 3, 3] = 2.0, -3.0, 1.5
    by_hand: dict[str, tuple[float, float, Colormap]] = {
        "saliency": (0.0, 3.0, Colormap.HEAT),
        "heat": (-1 / 3, 0.5, Colormap.HEAT),
        "signed": (-1.5, 1.5, Colormap.DIVERGING),
        "projection": (-3.0, 3.0, Colormap.GRAY),
    }
    for picture, (low, high, colormap) in by_hand.items():
        found = scale_of(values, picture=picture, layout="NCHW")
        assert (found.low, found.high) == pytest.approx((low, high), rel=0.02), picture
        assert found.colormap is colormap


@pytest.mark.parametrize("kind", ["signed", "projection"])
def test_signed_values_have_a_symmetric_scale(kind: str) -> None:
    values = np.abs(np.random.default_rng(0).normal(size=(3, 6, 6)))  # nothing below zero
    found = scale_of(values, picture=kind, layout="NCHW")
    assert found.low == -found.high < 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_map_of_zeros_is_dark_and_says_so(kind: str) -> None:
    found = maps_of(kind)
    empty = replace(found, maps=np.zeros_like(found.maps))
    assert pixels(empty.to_pil(plain=True)).max() < 120
    assert scale_of(empty.maps[0], picture=kind, layout="NCHW").is_still
    assert pixels(empty.to_pil()).shape[1] == 240


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
def test_any_map_lies_over_the_photograph_or_alone(kind: str, layout: str) -> None:
    found = maps_of(kind, layout=layout)
    over, alone = (pixels(found.to_pil(plain=True, over_photograph=how)) for how in (True, False))
    assert not np.array_equal(over, alone)
    usual = over if kind == "heat" else alone
    np.testing.assert_array_equal(pixels(found.to_pil(plain=True)), usual)
    if kind == "saliency":  # without the photograph, each color is one of the map's
        colors = {tuple(one) for one in colorize(np.linspace(0, 1, 4096), Colormap.HEAT).tolist()}
        assert {tuple(one) for one in alone.reshape(-1, 3).tolist()} <= colors
        assert not {tuple(one) for one in over.reshape(-1, 3).tolist()} <= colors


def unit(window: tuple[int, ...]) -> Any:
    return replace(target(kind="unit"), layer="conv", window=window)


@pytest.mark.parametrize("kind", KINDS)
def test_a_unit_is_cut_to_its_window(kind: str) -> None:
    found = replace(maps_of(kind), targets=(unit((2, 3, 7, 12)),))
    whole, cut = (pixels(found.to_pil(plain=True, crop=crop)) for crop in (False, True))
    np.testing.assert_array_equal(cut, whole[2:7, 3:12])
    assert found.to_pil(crop=True).width > 2 * 240  # the patch stands beside it


def test_what_has_no_window_is_not_cut_in_silence() -> None:
    with pytest.raises(InvalidInputError, match="leave crop out") as caught:
        maps_of("saliency").pictures(crop=True)
    assert (caught.value.field, caught.value.reason) == ("crop", "NO_WINDOW")
    both = replace(maps_of("saliency", count=2), targets=(unit((0, 0, 4, 4)), target(1)))
    first, second = (pixels(one) for one in both.pictures(crop=True, plain=True))
    assert (first.shape, second.shape) == ((4, 4, 3), (SIZE, SIZE, 3))


def test_a_window_beyond_the_picture_leaves_it_whole() -> None:
    found = replace(maps_of("saliency"), targets=(unit((0, 0, SIZE + 1, 4)),))
    assert pixels(found.to_pil(plain=True, crop=True)).shape == (SIZE, SIZE, 3)


def test_words_of_any_length_and_script_fit(tmp_path: Any) -> None:
    found = maps_of("heat", channels=1)
    named: Maps = replace(found, targets=(replace(found.targets[0], label="長い名前 \u202e" * 40),))
    assert named.to_pil().width == 240
    assert named.save(tmp_path / "m.html")
