"""Attribution maps as pictures: every layout and color order, and what has no picture."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from inspector.errors import InvalidInputError
from inspector.render.colormaps import Colormap, colorize
from inspector.render.maps import attribution_image, heatmap, projection_image, saliency_image, signed_image
from inspector.render.overlay import overlay
from inspector.render.png import to_png

RED_BELOW_BLUE = np.zeros((3, 2, 1), dtype=np.float32)
RED_BELOW_BLUE[0, 0, 0] = 4.0
RED_BELOW_BLUE[2, 1, 0] = -2.0


def pixels(image: Image.Image) -> list[Any]:
    return np.asarray(image).tolist()


def test_projection_keeps_colors_around_mid_gray() -> None:
    picture = projection_image(RED_BELOW_BLUE, layout="NCHW", percentile=100)
    assert pixels(picture) == [[[255, 128, 128]], [[128, 128, 64]]]


def test_layouts_and_color_orders_draw_the_same_picture() -> None:
    expected = pixels(projection_image(RED_BELOW_BLUE, layout="NCHW"))
    assert pixels(projection_image(RED_BELOW_BLUE.transpose(1, 2, 0), layout="NHWC")) == expected
    assert pixels(projection_image(RED_BELOW_BLUE[::-1], layout="NCHW", color="BGR")) == expected


def test_a_map_of_one_channel_is_drawn_in_gray() -> None:
    picture = projection_image(np.array([[[-1.0, 0.0, 1.0]]]), layout="NCHW", color="GRAY")
    assert picture.mode == "L"
    assert pixels(picture) == [[0, 128, 255]]


def test_a_projection_of_zeros_is_mid_gray() -> None:
    assert pixels(projection_image(np.zeros((3, 1, 1)), layout="NCHW")) == [[[128, 128, 128]]]


def test_saliency_is_the_largest_magnitude_over_channels() -> None:
    picture = saliency_image(RED_BELOW_BLUE, layout="NCHW", percentile=100, colormap=Colormap.GRAY)
    assert pixels(picture) == [[[255] * 3], [[119] * 3]]


def test_saliency_of_zeros_is_dark() -> None:
    dark = colorize(np.zeros((2, 2)), Colormap.HEAT).tolist()
    assert pixels(saliency_image(np.zeros((3, 2, 2)), layout="NCHW")) == dark


def test_heat_and_signed_maps_of_one_pixel() -> None:
    assert heatmap([[7.0]], colormap=Colormap.GRAY).getpixel((0, 0)) == (119, 119, 119)
    assert pixels(signed_image([[0.0]])) == colorize(np.zeros((1, 1)), Colormap.DIVERGING).tolist()


def test_attribution_pictures_by_kind() -> None:
    expected = pixels(projection_image(RED_BELOW_BLUE, layout="NCHW", color="BGR"))
    drawn = attribution_image(RED_BELOW_BLUE, picture="projection", layout="NCHW", color="BGR")
    assert pixels(drawn) == expected
    expected = pixels(saliency_image(RED_BELOW_BLUE, layout="NCHW"))
    assert pixels(attribution_image(RED_BELOW_BLUE, picture="saliency", layout="NCHW")) == expected


def test_channels_without_colors_are_summed_by_attribution_and_refused_by_projection() -> None:
    four = np.ones((4, 2, 2))
    four[0] = -7.0
    assert pixels(attribution_image(four, picture="projection", layout="NCHW")) == pixels(
        signed_image(four.sum(0))
    )
    with pytest.raises(InvalidInputError, match="4 channels in layout NCHW; colors need 1 or 3"):
        projection_image(four, layout="NCHW")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"layout": "NC"}, "only maps over an image"),
        ({"color": "CMYK"}, "one of RGB, BGR, GRAY"),
        ({"values": np.zeros((2, 2))}, "3 axes"),
        ({"values": np.full((3, 2, 2), np.nan)}, "12 of 12 values"),
    ],
)
def test_bad_maps_are_refused(change: dict[str, Any], words: str) -> None:
    arguments: dict[str, Any] = {"values": RED_BELOW_BLUE, "picture": "projection", "layout": "NCHW"} | change
    with pytest.raises(InvalidInputError, match=words):
        attribution_image(arguments.pop("values"), **arguments)


def test_overlay_has_the_photographs_size_and_heat_in_place() -> None:
    photo = np.full((40, 60, 3), (200, 30, 90), dtype=np.uint8)
    heat = np.array([[0.0, 1.0]])
    picture = np.asarray(overlay(photo, heat, alpha=1.0))
    assert picture.shape == (40, 60, 3)
    assert picture[20, 0].tolist() == colorize(np.zeros(1), Colormap.HEAT)[0].tolist()
    assert picture[20, 59].tolist() == colorize(np.ones(1), Colormap.HEAT)[0].tolist()
    without = np.asarray(overlay(photo, heat, alpha=0.0))
    assert (without[..., 0] == without[..., 2]).all()  # gray: every color means heat


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"heat": np.array([[0.0, 1.5]])}, "scale it to"),
        ({"heat": np.array([[0.0, np.nan]])}, "NaN"),
        ({"alpha": 1.5}, "between 0 and 1"),
        ({"image": np.zeros((4, 4, 3))}, "dtype float64"),
        ({"image": np.zeros((4, 4, 4), dtype=np.uint8)}, r"\(4, 4, 4\)"),
    ],
)
def test_bad_overlays_are_refused(change: dict[str, Any], words: str) -> None:
    arguments: dict[str, Any] = {
        "image": np.zeros((4, 4, 3), dtype=np.uint8),
        "heat": np.zeros((2, 2)),
        "alpha": 0.5,
    } | change
    with pytest.raises(InvalidInputError, match=words):
        overlay(arguments.pop("image"), arguments.pop("heat"), **arguments)


def test_png_keeps_every_pixel() -> None:
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (9, 7, 3), dtype=np.uint8))
    with Image.open(BytesIO(to_png(image))) as back:
        assert back.format == "PNG"
        assert pixels(back) == pixels(image)
